package dev.sampo.vlm.weights;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.sampo.vlm.ops.ArrayOps;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.LongStream;

/** The elements of an array, read where they are if that is the memory of the CPU. */
record ArrayTensor(NDArray array, ElementType type) implements TensorSource {
  /** Elements handled at once: bounds what a conversion or a mapped file adds to the model. */
  static final long WINDOW = 1 << 22;

  @Override
  public List<Long> shape() {
    return LongStream.of(array.getShape().getShape()).boxed().toList();
  }

  @Override
  public <E extends Exception> void read(Sink<E> sink) throws E {
    ElementType from = WeightArrays.elementType(array);
    if (from == type) {
      eachWindow(array, (_, window) -> sink.accept(window));
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      long most = Math.min(WINDOW, array.size());
      MemorySegment converted = arena.allocate(Math.max(1, most) * type.bytes(), type.bytes());
      eachWindow(
          array,
          (_, window) -> {
            MemorySegment piece =
                converted.asSlice(0, window.byteSize() / from.bytes() * type.bytes());
            ElementConversion.convert(from, window, type, piece);
            sink.accept(piece);
          });
    }
  }

  /**
   * Takes a stretch of the memory of an array.
   *
   * @param <E> what may go wrong
   */
  @FunctionalInterface
  interface Window<E extends Exception> {
    /** Takes the elements from number {@code begin} on; valid during the call only. */
    void accept(long begin, MemorySegment elements) throws E;
  }

  static boolean isOnCpu(NDArray array) {
    return array.getDevice().equals(Device.cpu());
  }

  /**
   * Hands over the memory of an array, stretch by stretch. Writing to it changes the array if that
   * is contiguous and on the CPU.
   */
  static <E extends Exception> void eachWindow(NDArray array, Window<E> window) throws E {
    // A byte buffer holds at most 2^31 bytes, an array may hold more. Without the history of
    // gradients, a view is only memory.
    try (NDArray plain = array.stopGradient();
        NDArray flat = plain.reshape(-1)) {
      long size = flat.size();
      for (long begin = 0; begin < size; begin += WINDOW) {
        long end = Math.min(begin + WINDOW, size);
        try (NDArray view = flat.get(new NDIndex().addSliceDim(begin, end));
            NDManager scope = array.getManager().newSubManager()) {
          NDArray near = isOnCpu(array) ? view : ArrayOps.toCpu(scope, view);
          window.accept(begin, MemorySegment.ofBuffer(near.toByteBuffer(true)));
        }
      }
    }
  }
}
