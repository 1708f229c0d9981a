package dev.sampo.vlm.weights;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A tensor as bytes.
 *
 * @param type element type
 * @param shape sizes of the axes, outermost first; empty for a scalar
 * @param bytes little-endian elements, row-major; valid while the file it came from is open
 */
public record StoredTensor(ElementType type, List<Long> shape, MemorySegment bytes)
    implements TensorSource {
  private static final long WINDOW_BYTES = 1 << 24;

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

  @Override
  public <E extends Exception> void read(Sink<E> sink) throws E {
    for (long at = 0; at < bytes.byteSize(); at += WINDOW_BYTES) {
      MemorySegment window = bytes.asSlice(at, Math.min(WINDOW_BYTES, bytes.byteSize() - at));
      sink.accept(window);
      release(window);
    }
  }

  /** The bytes of {@code count} elements from number {@code begin} on. */
  MemorySegment elements(long begin, long count) {
    return bytes.asSlice(begin * type.bytes(), count * type.bytes());
  }

  /**
   * Gives the memory of bytes back that a mapped file brought in; they are read anew when touched.
   */
  static void release(MemorySegment window) {
    if (window.isMapped() && window.isReadOnly()) {
      window.unload();
    }
  }

  static long numElements(List<Long> shape) {
    long count = 1;
    for (long size : shape) {
      count = Math.multiplyExact(count, size);
    }
    return count;
  }
}
