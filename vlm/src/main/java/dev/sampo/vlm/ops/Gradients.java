package dev.sampo.vlm.ops;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.GradientCollector;
import com.google.errorprone.annotations.MustBeClosed;
import java.util.Collection;
import java.util.Optional;
import java.util.SplittableRandom;

/** Whether operations record gradients on the calling thread. */
public final class Gradients {
  private Gradients() {}

  /**
   * Switches recording on for the calling thread until the result is closed. The engine allows one
   * open collector per JVM. Gradients of earlier backward passes are kept: the caller zeroes them.
   */
  @MustBeClosed
  public static GradientCollector collect() {
    // The engine restores what it finds, and libtorch starts every thread with recording on.
    JniUtils.setGradMode(false);
    return Engine.getEngine("PyTorch").newGradientCollector();
  }

  /**
   * Seeds what is drawn while gradients are recorded: the dropout of adapters. The generator is one
   * for the whole process.
   *
   * @param seed of the run
   * @param step of the run
   */
  public static void seed(long seed, long step) {
    JniUtils.setSeed(new SplittableRandom(new SplittableRandom(seed).nextLong() + step).nextLong());
  }

  /**
   * The gradient that backward passes have added up for an array, as a handle of its own; empty
   * before the first of them.
   *
   * @param scope owns the handle
   */
  public static Optional<NDArray> of(NDArray array, NDManager scope) {
    Optional<NDArray> gradient = Optional.ofNullable(JniUtils.getGradient((PtNDArray) array));
    gradient.ifPresent(present -> present.attach(scope));
    return gradient;
  }

  /** Whether the calling thread records and one of the arrays requires gradients. */
  public static boolean areRecordedFor(Collection<NDArray> arrays) {
    return JniUtils.isGradMode() && arrays.stream().anyMatch(NDArray::hasGradient);
  }
}
