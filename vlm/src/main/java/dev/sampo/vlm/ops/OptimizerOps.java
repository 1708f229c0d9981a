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
   * One AdamW step.
   *
   * @param steps float32 count of the steps before this one, one scalar per parameter; advanced
   */
  public static void step(
      NDManager scope,
      List<NDArray> parameters,
      List<NDArray> gradients,
      List<NDArray> means,
      List<NDArray> squares,
      List<NDArray> steps,
      AdamW settings) {
    Script.run(
        "adamw",
        scope,
        parameters,
        gradients,
        means,
        squares,
        steps,
        settings.rate,
        settings.beta1,
        settings.beta2,
        settings.weightDecay,
        settings.epsilon);
  }

  /** Length of all arrays as one vector. */
  public static double norm(NDManager scope, List<NDArray> arrays) {
    try (NDArray norm = Script.run("grad_norm", scope, arrays).singletonOrThrow()) {
      return norm.getFloat();
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

  /** Copies the elements of each source into the storage of the target beside it. */
  public static void copy(NDManager scope, List<NDArray> targets, List<NDArray> sources) {
    Script.run("copy", scope, targets, sources);
  }
}
