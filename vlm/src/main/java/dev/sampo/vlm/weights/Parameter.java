package dev.sampo.vlm.weights;

import java.util.List;

/**
 * A parameter of a network.
 *
 * @param name the published name
 * @param shape sizes of the axes, outermost first
 * @param part where in the network it belongs
 * @param isLinear whether it is the matrix of a linear layer, which an adapter may change
 * @param deviation standard deviation of a clean start around {@code mean}
 * @param mean 1 for norms, 0 for most others
 */
public record Parameter(
    String name, List<Long> shape, Part part, boolean isLinear, double deviation, double mean) {
  private static final String WEIGHT = ".weight";

  public Parameter {
    shape = List.copyOf(shape);
  }

  /** Parts of a vision-language model that can be trained apart. */
  public enum Part {
    /** From pixels to patch features. */
    VISION_TOWER,
    /** From patch features to the width of the decoder. */
    PROJECTOR,
    /** The language model, its embedding and head included. */
    DECODER
  }

  /** Name of the module that the parameter is the weight of. */
  public String module() {
    return name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : name;
  }
}
