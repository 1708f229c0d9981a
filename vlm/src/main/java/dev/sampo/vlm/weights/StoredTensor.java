package dev.sampo.vlm.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

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
  private static final int MAX_HEAP_BYTES = Integer.MAX_VALUE - 8;

  public StoredTensor {
    shape = List.copyOf(shape);
    long expected = numElements(shape) * type.bytes();
    if (bytes.byteSize() != expected) {
      throw new IllegalArgumentException(
          "a tensor of type %s and shape %s has %d bytes, got %d"
              .formatted(type, shape, expected, bytes.byteSize()));
    }
  }

  /** A copy of all elements, which stays when the source changes. */
  static StoredTensor copyOf(TensorSource source) {
    MemorySegment copy = newSegment(source.numBytes());
    var at = new AtomicLong();
    source.read(piece ->
        MemorySegment.copy(piece, 0, copy, at.getAndAdd(piece.byteSize()), piece.byteSize()));
    return new StoredTensor(source.type(), source.shape(), copy);
  }

  /** Memory that the garbage collector frees: of the heap, unless it is too much for one array. */
  private static MemorySegment newSegment(long bytes) {
    return bytes <= MAX_HEAP_BYTES
        ? MemorySegment.ofArray(new byte[(int) bytes])
        : Arena.ofAuto().allocate(bytes);
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

  /**
   * Some of the rows. One group of rows is a view, several are copied together.
   *
   * @param sizes shape of the result
   */
  StoredTensor slice(StoredSlice slice, List<Long> sizes) {
    long rowBytes = bytes.byteSize() / (slice.groups() * slice.rowsPerGroup());
    long stretch = slice.rows() * rowBytes;
    if (slice.groups() == 1) {
      return new StoredTensor(type, sizes, bytes.asSlice(slice.from() * rowBytes, stretch));
    }
    MemorySegment gathered = newSegment(slice.groups() * stretch);
    slice.gather(bytes, gathered);
    release(bytes);
    return new StoredTensor(type, sizes, gathered);
  }

  /** Elements of a tensor of that shape. */
  public static long numElements(List<Long> shape) {
    long count = 1;
    for (long size : shape) {
      count = Math.multiplyExact(count, size);
    }
    return count;
  }
}
