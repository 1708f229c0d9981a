package dev.sampo.vlm.ops;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/** Low-rank adapters apart from the modules that they belong to. */
public final class LoraOps {
  private LoraOps() {}

  /**
   * The matrix that does what a matrix and its adapter do together, {@code W + scale * B A}.
   *
   * @param scope owns the result, float32 [out, in]
   * @param weight [out, in]
   * @param a float32 [r, in]
   * @param b float32 [out, r]
   */
  public static NDArray merge(NDManager scope, NDArray weight, NDArray a, NDArray b, double scale) {
    return Script.run("merge_adapter", scope, weight, a, b, scale).singletonOrThrow();
  }
}
