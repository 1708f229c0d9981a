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
 * @param minSide pictures with a shorter side are enlarged to it before anything else; 0 leaves
 *     them as they are
 */
public record ImageLimits(
    OptionalLong minPixels, OptionalLong maxPixels, OptionalInt maxTiles, int minSide) {
  /** Leaves everything to the checkpoint. */
  public static final ImageLimits NONE =
      new ImageLimits(OptionalLong.empty(), OptionalLong.empty(), OptionalInt.empty(), 0);

  private static final int LARGEST_MIN_SIDE = 4096;
  private static final int LARGEST_SIDE = 1 << 15;

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
    require(
        minSide >= 0 && minSide <= LARGEST_MIN_SIDE,
        "min-side",
        minSide,
        "0 to " + LARGEST_MIN_SIDE + " (0 is off)");
  }

  /** The processor, with {@link #enlarged} pictures in place of small ones. */
  public ImageProcessor enlarging(ImageProcessor processor) {
    return minSide == 0 ? processor : new EnlargingImageProcessor(this, processor);
  }

  /**
   * Size that a picture is enlarged to before the model's processor resizes it: the shorter side
   * has {@link #minSide}, the ratio is kept. Its own size if no side is too short.
   *
   * @throws InvalidImageException if the longer side would be over 32,768 pixels
   */
  public PixelSize enlarged(PixelSize size) {
    int shorter = Math.min(size.width(), size.height());
    if (shorter >= minSide) {
      return size;
    }
    // Rounded down, with the roundings of VLM-R1, which makes 28 x 251 of 5 x 45 pixels.
    double longer = Math.max(size.width(), size.height()) * ((double) minSide / shorter);
    if (longer > LARGEST_SIDE) {
      throw new InvalidImageException(
          "image of %d x %d pixels: with a shorter side of %d the longer one is over %d"
              .formatted(size.width(), size.height(), minSide, LARGEST_SIDE));
    }
    int other = Math.max(minSide, (int) longer);
    return size.width() < size.height()
        ? new PixelSize(minSide, other)
        : new PixelSize(other, minSide);
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
