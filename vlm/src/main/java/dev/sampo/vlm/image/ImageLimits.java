package dev.sampo.vlm.image;

import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What a run says about the size of pictures; it goes before what {@code preprocessor_config.json}
 * says.
 *
 * @param minPixels fewest pixels of a resized picture, 1 or more
 * @param maxPixels most pixels of a resized picture, {@code minPixels} or more
 * @param maxTiles most tiles that a picture is cut into, the thumbnail not counted, 1 or more
 */
public record ImageLimits(OptionalLong minPixels, OptionalLong maxPixels, OptionalInt maxTiles) {
  /** Leaves everything to the checkpoint. */
  public static final ImageLimits NONE =
      new ImageLimits(OptionalLong.empty(), OptionalLong.empty(), OptionalInt.empty());

  private static final String TILES_ONLY =
      "left out (the model cuts pictures into tiles of one size: it takes max-tiles)";
  private static final String PIXELS_ONLY =
      "left out (the model does not cut pictures into tiles: it takes min-pixels and max-pixels)";

  public ImageLimits {
    require(minPixels.orElse(1) >= 1, "min-pixels", minPixels.orElse(1), "1 or more");
    long fewest = minPixels.orElse(1);
    require(
        maxPixels.orElse(fewest) >= fewest,
        "max-pixels",
        maxPixels.orElse(fewest),
        minPixels.isPresent() ? "min-pixels (%d) or more".formatted(fewest) : "1 or more");
    require(maxTiles.orElse(1) >= 1, "max-tiles", maxTiles.orElse(1), "1 or more");
  }

  /** Refuses limits that mean nothing to a model that cuts pictures into tiles. */
  void requireNoPixels() {
    require(minPixels.isEmpty(), "min-pixels", minPixels.orElse(0), TILES_ONLY);
    require(maxPixels.isEmpty(), "max-pixels", maxPixels.orElse(0), TILES_ONLY);
  }

  /** Refuses limits that mean nothing to a model that takes pictures as a whole. */
  void requireNoTiles() {
    require(maxTiles.isEmpty(), "max-tiles", maxTiles.orElse(0), PIXELS_ONLY);
  }

  static void require(boolean condition, String key, Object value, String allowed) {
    if (!condition) {
      throw new IllegalArgumentException("%s must be %s, got %s".formatted(key, allowed, value));
    }
  }
}
