package dev.sampo.vlm.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * A tensor as bytes.
 *
 * @param type element type
 * @param shape sizes of the axes, outermost first; empty for a scalar
 * @param bytes little-endian elements, row-major; valid while the file it came from is open
 */
public record StoredTensor(ElementType type, List<Long> shape, MemorySegment bytes) {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  public StoredTensor {
    shape = List.copyOf(shape);
    long expected = numElements(shape) * type.bytes();
    if (bytes.byteSize() != expected) {
      throw new IllegalArgumentException(
          "a tensor of type %s and shape %s has %d bytes, got %d"
              .formatted(type, shape, expected, bytes.byteSize()));
    }
  }

  public long numElements() {
    return numElements(shape);
  }

  /**
   * The elements as little-endian float32 in a new direct buffer.
   *
   * @throws IllegalArgumentException for a type that is not F32, BF16 or F16
   */
  public ByteBuffer toFloat32() {
    int count = Math.toIntExact(numElements());
    ByteBuffer result =
        ByteBuffer.allocateDirect(Math.multiplyExact(count, 4)).order(ByteOrder.LITTLE_ENDIAN);
    switch (type) {
      case F32 -> MemorySegment.ofBuffer(result).copyFrom(bytes);
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          result.putInt(4 * i, bytes.get(SHORT, 2L * i) << 16);
        }
      }
      case F16 -> {
        for (int i = 0; i < count; i++) {
          result.putFloat(4 * i, Float.float16ToFloat(bytes.get(SHORT, 2L * i)));
        }
      }
      case F64, I64, I32, I16, I8, U64, U32, U16, U8, BOOL ->
          throw new IllegalArgumentException("weights are F32, BF16 or F16, got " + type);
    }
    return result;
  }

  static long numElements(List<Long> shape) {
    long count = 1;
    for (long size : shape) {
      count = Math.multiplyExact(count, size);
    }
    return count;
  }
}
