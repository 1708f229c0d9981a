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

  /** Whether the calling thread records from now on, until {@link #collect}'s result is closed. */
  public static void record(boolean recording) {
    JniUtils.setGradMode(recording);
  }

  /**
   * Takes the gradient of an array to what it was computed from.
   *
   * @param array recorded; what is kept of the computation is freed
   * @param gradient of the same shape and type
   */
  public static void backward(NDArray array, NDArray gradient) {
    JniUtils.backward((PtNDArray) array, (PtNDArray) gradient, false, false);
  }

  /**
   * Whether a backward pass can start from an array. The engine itself says so of arrays that
   * nothing was computed from only.
   */
  public static boolean isRecorded(NDArray array) {
    try (NDArray answer =
        Script.call("is_recorded", array.getManager(), array).singletonOrThrow()) {
      return answer.toLongArray()[0] == 1;
    }
  }

  /**
   * A number for operations that are recorded. {@link NDArray#mul(Number)} and {@link
   * NDArray#div(Number)} let go of theirs at once, in memory of the JVM that the backward pass
   * still reads: gradients are wrong where the garbage collector ran in between.
   *
   * @param beside the array that the number is used with; its manager owns the result, and must not
   *     be closed before the backward pass
   * @return a float64 scalar, which leaves the type of an array that has axes as it is
   */
  public static NDArray constant(double value, NDArray beside) {
    return beside.getManager().create(value);
  }

  /** As {@link #of}, zeros put in place where there was none yet. */
  static NDArray accumulated(NDArray array) {
    NDManager scope = array.getManager();
    Optional<NDArray> gradient = of(array, scope);
    if (gradient.isEmpty()) {
      try (NDArray zeros = Script.call("zeros_like", scope, array).singletonOrThrow()) {
        backward(array, zeros);
      }
      gradient = of(array, scope);
    }
    return gradient.orElseThrow();
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
