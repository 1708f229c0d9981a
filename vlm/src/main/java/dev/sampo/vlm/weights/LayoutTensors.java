package dev.sampo.vlm.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/** Parameters as the files of a checkpoint keep them: the way back of {@link StoredSlice}. */
public final class LayoutTensors {
  private LayoutTensors() {}

  /**
   * The tensors of a file.
   *
   * @param parameters all parameters that share tensors of the file
   * @param values their elements by name
   */
  public static SortedMap<String, TensorSource> of(
      WeightLayout layout,
      Collection<Parameter> parameters,
      SortedMap<String, ? extends TensorSource> values) {
    var pieces = new TreeMap<String, List<Piece>>();
    for (Parameter parameter : parameters) {
      StoredSlice slice = layout.locate(parameter);
      TensorSource value = Objects.requireNonNull(values.get(parameter.name()));
      pieces.computeIfAbsent(slice.tensor(), _ -> new ArrayList<>()).add(new Piece(slice, value));
    }
    var tensors = new TreeMap<String, TensorSource>();
    pieces.forEach((name, list) ->
        tensors.put(
            name, list.getFirst().slice.isWhole() ? list.getFirst().value : new Assembled(list)));
    return tensors;
  }

  private record Piece(StoredSlice slice, TensorSource value) {}

  /**
   * A tensor made of several parameters, put together in memory when it is read.
   *
   * @param pieces slices that cover the tensor
   */
  private record Assembled(List<Piece> pieces) implements TensorSource {
    Assembled {
      pieces = List.copyOf(pieces);
    }

    @Override
    public ElementType type() {
      return pieces.getFirst().value.type();
    }

    @Override
    public List<Long> shape() {
      StoredSlice slice = pieces.getFirst().slice;
      var shape = new ArrayList<>(pieces.getFirst().value.shape());
      shape.set(0, slice.groups() * slice.rowsPerGroup());
      return shape;
    }

    @Override
    public <E extends Exception> void read(Sink<E> sink) throws E {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment whole = arena.allocate(numBytes(), Long.BYTES);
        for (Piece piece : pieces) {
          MemorySegment part = arena.allocate(piece.value.numBytes(), Long.BYTES);
          var at = new AtomicLong();
          piece.value.read(bytes ->
              MemorySegment.copy(bytes, 0, part, at.getAndAdd(bytes.byteSize()), bytes.byteSize()));
          piece.slice.scatter(part, whole);
        }
        new StoredTensor(type(), shape(), whole).read(sink);
      }
    }
  }
}
