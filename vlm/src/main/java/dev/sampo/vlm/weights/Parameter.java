package dev.sampo.vlm.weights;

import java.util.List;

/**
 * A parameter of a network.
 *
 * @param name the published name
 * @param shape sizes of the axes, outermost first
 * @param part where in the network it belongs
 * @param deviation standard deviation of a clean start around {@code mean}
 * @param mean 1 for norms, 0 for most others
 */
public record Parameter(String name, List<Long> shape, Part part, double deviation, double mean) {
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
}
