package dev.sampo.vlm.weights;

import dev.sampo.vlm.weights.Parameter.Part;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The parameters of a native function in the order in which it takes them. A slot is empty where a
 * model has no such parameter, such as a bias; one parameter may fill two slots.
 *
 * @param slots see the function
 * @param linears published name of the linear module whose matrix a slot holds, by slot
 */
public record ParameterTable(List<Optional<Parameter>> slots, SortedMap<Integer, String> linears) {
  public ParameterTable {
    slots = List.copyOf(slots);
    linears = Collections.unmodifiableSortedMap(new TreeMap<>(linears));
  }

  /** The parameters that there are. */
  public Stream<Parameter> parameters() {
    return slots.stream().flatMap(Optional::stream);
  }

  /** Fills slots one after the other. */
  public static final class Builder {
    private final List<Optional<Parameter>> slots = new ArrayList<>();
    private final SortedMap<Integer, String> linears = new TreeMap<>();
    private Part part;

    /**
     * An empty table.
     *
     * @param part what the first parameters belong to
     */
    public Builder(Part part) {
      this.part = part;
    }

    /** What the following parameters belong to. */
    public Builder in(Part next) {
      part = next;
      return this;
    }

    /** A vector that starts as ones. */
    public Builder norm(String name, long width) {
      return add(name, List.of(width), 0, 1);
    }

    /** A norm with scale and shift. */
    public Builder layerNorm(String module, long width) {
      return norm(module + ".weight", width).vector(module + ".bias", width);
    }

    /** A vector that starts as zeros. */
    public Builder vector(String name, long width) {
      return add(name, List.of(width), 0, 0);
    }

    /** A linear layer: its matrix, then its bias. */
    public Builder linear(String module, long out, long in, double scale) {
      return matrix(module, out, in, scale).vector(module + ".bias", out);
    }

    /** The matrix of a linear layer, normal with variance {@code scale^2 / in} at the start. */
    public Builder matrix(String module, long out, long in, double scale) {
      linears.put(slots.size(), module);
      return add(module + ".weight", List.of(out, in), scale / Math.sqrt((double) in), 0);
    }

    /** Normal with variance {@code scale^2} over the number of inputs at the start. */
    public Builder weight(String name, double scale, List<Long> shape) {
      double inputs =
          shape.stream().skip(1).mapToDouble(Long::doubleValue).reduce(1, (a, b) -> a * b);
      return add(name, shape, scale / Math.sqrt(inputs), 0);
    }

    /** Any other parameter. */
    public Builder add(String name, List<Long> shape, double deviation, double mean) {
      slots.add(Optional.of(new Parameter(name, shape, part, deviation, mean)));
      return this;
    }

    /** A slot for something that this model lacks. */
    public Builder absent() {
      slots.add(Optional.empty());
      return this;
    }

    /** A linear layer whose matrix is the parameter of an earlier slot. */
    public Builder tied(String module, int slot) {
      linears.put(slots.size(), module);
      slots.add(slots.get(slot));
      return this;
    }

    public ParameterTable build() {
      return new ParameterTable(slots, linears);
    }
  }
}
