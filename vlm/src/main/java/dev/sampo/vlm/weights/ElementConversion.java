package dev.sampo.vlm.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Elements from one of the types that weights have to another, to the nearest even. */
final class ElementConversion {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int QUIET_NAN = 0x7fc0;

  private ElementConversion() {}

  /** Whether weights may have that type. */
  static boolean isOfWeights(ElementType type) {
    return type == ElementType.F32 || type == ElementType.BF16 || type == ElementType.F16;
  }

  /**
   * Fills {@code target}.
   *
   * @param source as many elements as {@code target} has
   * @throws IllegalArgumentException for other types than F32, BF16 and F16, unless they are equal
   */
  static void convert(
      ElementType from, MemorySegment source, ElementType to, MemorySegment target) {
    int count = Math.toIntExact(target.byteSize() / to.bytes());
    if (from == to) {
      target.copyFrom(source);
      return;
    }
    if (!isOfWeights(from) || !isOfWeights(to)) {
      throw new IllegalArgumentException(
          "weights are F32, BF16 or F16, got %s to %s".formatted(from, to));
    }
    // One loop for each pair, so that the compiler makes vector instructions of it.
    if (from == ElementType.BF16 && to == ElementType.F32) {
      for (int i = 0; i < count; i++) {
        target.set(INT, 4L * i, source.get(SHORT, 2L * i) << 16);
      }
    } else if (from == ElementType.F16 && to == ElementType.F32) {
      for (int i = 0; i < count; i++) {
        float value = Float.float16ToFloat(source.get(SHORT, 2L * i));
        target.set(INT, 4L * i, Float.floatToRawIntBits(value));
      }
    } else if (from == ElementType.F32 && to == ElementType.BF16) {
      for (int i = 0; i < count; i++) {
        target.set(SHORT, 2L * i, bfloat16(source.get(INT, 4L * i)));
      }
    } else if (from == ElementType.F16) {
      for (int i = 0; i < count; i++) {
        float value = Float.float16ToFloat(source.get(SHORT, 2L * i));
        target.set(SHORT, 2L * i, bfloat16(Float.floatToRawIntBits(value)));
      }
    } else if (from == ElementType.F32) {
      for (int i = 0; i < count; i++) {
        float value = Float.intBitsToFloat(source.get(INT, 4L * i));
        target.set(SHORT, 2L * i, Float.floatToFloat16(value));
      }
    } else {
      for (int i = 0; i < count; i++) {
        float value = Float.intBitsToFloat(source.get(SHORT, 2L * i) << 16);
        target.set(SHORT, 2L * i, Float.floatToFloat16(value));
      }
    }
  }

  /** The upper half of float32 bits, rounded. */
  private static short bfloat16(int bits) {
    // Half of the last kept bit, less one if that bit is even: ties then go to the even neighbour.
    int rounded = (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
    boolean isNan = (bits & 0x7fffffff) > 0x7f800000;
    return (short) (isNan ? QUIET_NAN : rounded);
  }
}
