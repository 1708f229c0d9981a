package dev.sampo.vlm.ops;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;

/**
 * Operations over the gradients and weights of all parameters at once. They change their arguments
 * and record no gradients.
 */
public final class OptimizerOps {
  private OptimizerOps() {}

  /**
   * Constants of Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2).
   *
   * @param rate learning rate of this step
   */
  public record AdamW(
      double rate, double beta1, double beta2, double weightDecay, double epsilon) {}

  /**
   * One AdamW step over all parameters in one call of the engine.
   *
   * @param parameters float32, as are the lists beside it; at least one
   * @param step number of this step, from 1
   */
  public static void step(
      NDManager scope,
      List<NDArray> parameters,
      List<NDArray> gradients,
      List<NDArray> means,
      List<NDArray> squares,
      long step,
      AdamW settings) {
    Script.run(
        "adamw",
        scope,
        parameters,
        gradients,
        means,
        squares,
        step,
        settings.rate,
        settings.beta1,
        settings.beta2,
        settings.weightDecay,
        settings.epsilon);
  }

  /** Length of all arrays as one vector, in float64; at least one array. */
  public static double norm(NDManager scope, List<NDArray> arrays) {
    try (NDArray norm = Script.run("grad_norm", scope, arrays).singletonOrThrow()) {
      return norm.getDouble();
    }
  }

  /** Multiplies all arrays by a number. */
  public static void scale(NDManager scope, List<NDArray> arrays, double factor) {
    Script.run("scale", scope, arrays, factor);
  }

  /** Sets all arrays to 0. */
  public static void zero(NDManager scope, List<NDArray> arrays) {
    Script.run("zero", scope, arrays);
  }

  /**
   * Adds each addend to the sum beside it and sets the addend to 0.
   *
   * @param addends of the type of the sums or a narrower one
   */
  public static void accumulate(NDManager scope, List<NDArray> sums, List<NDArray> addends) {
    Script.run("accumulate", scope, sums, addends);
  }

  /**
   * Copies the elements of each source into the storage of the target beside it, rounded to the
   * type of the target.
   */
  public static void copy(NDManager scope, List<NDArray> targets, List<NDArray> sources) {
    Script.run("copy", scope, targets, sources);
  }

  /**
   * Moves each target towards the source beside it, {@code target = share * source + (1 - share) *
   * target}.
   *
   * @param share in [0, 1]; 1 makes them equal
   */
  public static void blend(
      NDManager scope, List<NDArray> targets, List<NDArray> sources, double share) {
    Script.run("blend", scope, targets, sources, share);
  }
}
