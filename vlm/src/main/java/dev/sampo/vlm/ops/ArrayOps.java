package dev.sampo.vlm.ops;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;

/**
 * Arrays of bfloat16. The engine's own functions end the process when they are asked for one, and
 * call the type of one that a script made {@link #BFLOAT16}.
 */
public final class ArrayOps {
  /** What {@link NDArray#getDataType} says of bfloat16: the engine has no number for it. */
  public static final DataType BFLOAT16 = DataType.UNKNOWN;

  private ArrayOps() {}

  /**
   * An array of bfloat16 with arbitrary elements.
   *
   * @param scope owns the result, which is on its device
   */
  public static NDArray newBfloat16(NDManager scope, long[] shape) {
    try (NDArray like = scope.create(0f)) {
      return Script.run("empty_bfloat16", scope, like, shape).singletonOrThrow();
    }
  }

  /**
   * A copy in the memory of the CPU, of any type.
   *
   * @param scope owns the result
   */
  public static NDArray toCpu(NDManager scope, NDArray array) {
    return Script.run("to_cpu", scope, array).singletonOrThrow();
  }

  /**
   * Zeros of the type and on the device of another array.
   *
   * @param scope owns the result
   */
  public static NDArray zeros(NDManager scope, long[] shape, NDArray like) {
    return Script.run("zeros", scope, shape, like).singletonOrThrow();
  }
}
