package dev.sampo.vlm.weights;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A tensor whose elements can be read from front to back, wherever they are: in a file, or in an
 * array.
 */
public interface TensorSource {

  /** Type of the elements that {@link #read} gives. */
  ElementType type();

  /** Sizes of the axes, outermost first; empty for a scalar. */
  List<Long> shape();

  /** Size of all elements. */
  default long numBytes() {
    return Math.multiplyExact(StoredTensor.numElements(shape()), (long) type().bytes());
  }

  /** Hands all elements over, row-major and little-endian, in pieces of bounded size. */
  <E extends Exception> void read(Sink<E> sink) throws E;

  /**
   * Takes elements.
   *
   * @param <E> what may go wrong
   */
  @FunctionalInterface
  interface Sink<E extends Exception> {
    /** Takes the next elements; {@code piece} is valid during the call only. */
    void accept(MemorySegment piece) throws E;
  }
}
