package dev.sampo.vlm.ops;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.Consumer;

/**
 * Arrays that the engine's own functions do not make. They end the process when they are asked for
 * bfloat16, and call the type of what a script made of it {@link #BFLOAT16}.
 */
public final class ArrayOps {
  /** What {@link NDArray#getDataType} says of bfloat16: the engine has no number for it. */
  public static final DataType BFLOAT16 = DataType.UNKNOWN;

  private ArrayOps() {}

  /**
   * A float32 array whose elements are written where they lie. A buffer of the JVM in place of that
   * would stay until the garbage collector runs, however large it is.
   *
   * @param scope owns the result, which is on its device
   * @param fill writes all elements, row-major
   */
  public static NDArray floats(NDManager scope, Shape shape, Consumer<FloatBuffer> fill) {
    if (scope.getDevice().equals(Device.cpu())) {
      NDArray array = scope.create(shape, DataType.FLOAT32);
      fill.accept(array.toByteBuffer(true).order(ByteOrder.nativeOrder()).asFloatBuffer());
      return array;
    }
    try (NDManager cpu = scope.newSubManager(Device.cpu())) {
      NDArray far = floats(cpu, shape, fill).toDevice(scope.getDevice(), true);
      far.attach(scope);
      return far;
    }
  }

  /**
   * An array of bfloat16 with arbitrary elements, which gradients can be recorded for.
   *
   * @param scope owns the result, which is on its device
   */
  public static NDArray newBfloat16(NDManager scope, long[] shape) {
    try (NDArray zero = scope.create(0f);
        NDArray like = zero.broadcast(new Shape(shape))) {
      return Script.call("empty_bfloat16", scope, like).singletonOrThrow();
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

  /**
   * Arrays end to end along their first axis.
   *
   * @param scope owns the result
   */
  public static NDArray concatenate(NDManager scope, List<NDArray> arrays) {
    return Script.call("concatenate", scope, arrays.toArray(NDArray[]::new)).singletonOrThrow();
  }
}
