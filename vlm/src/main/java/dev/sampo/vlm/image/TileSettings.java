package dev.sampo.vlm.image;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * How InternVL cuts pictures into square tiles of one size, which are cut into patches.
 *
 * @param tileSize side of a tile in pixels, a multiple of {@code patchSize}
 * @param patchSize side of a patch in pixels
 * @param minTiles fewest tiles, the thumbnail not counted
 * @param maxTiles most tiles, the thumbnail not counted
 * @param thumbnail whether a picture of several tiles is followed by the whole picture as a tile
 * @param normalisation of the samples
 */
public record TileSettings(
    int tileSize,
    int patchSize,
    int minTiles,
    int maxTiles,
    boolean thumbnail,
    Normalisation normalisation) {
  public TileSettings {
    ProcessorConfig.require(patchSize >= 1, "patch_size", patchSize, "1 or more");
    ProcessorConfig.require(
        tileSize >= patchSize && tileSize % patchSize == 0,
        "size",
        tileSize,
        "a multiple of the patch size (%d)".formatted(patchSize));
    ProcessorConfig.require(minTiles >= 1, "min_patches", minTiles, "1 or more");
    ProcessorConfig.require(
        maxTiles >= minTiles,
        "max_patches",
        maxTiles,
        "min_patches (%d) or more".formatted(minTiles));
  }

  /**
   * Reads the settings of a checkpoint in the layout of Transformers. Absent keys take the values
   * of {@code GotOcr2ImageProcessor}. {@code crop_to_patches} is not looked at: published
   * checkpoints say false there, and {@code InternVLProcessor} passes true all the same.
   *
   * @param json {@code preprocessor_config.json}
   * @param patchSize of the vision tower, in pixels
   * @throws IllegalArgumentException naming the key, its value and what is allowed
   */
  public static TileSettings ofTransformers(JsonNode json, int patchSize) {
    ProcessorConfig.requireBicubic(json);
    JsonNode size = json.path("size");
    int height = size.path("height").asInt(384);
    int width = size.path("width").asInt(384);
    ProcessorConfig.require(height == width, "size", size, "a square: height and width are equal");
    return new TileSettings(
        height,
        patchSize,
        json.path("min_patches").asInt(1),
        json.path("max_patches").asInt(12),
        true,
        Normalisation.of(json, Normalisation.CLIP));
  }

  /**
   * Reads the settings of a checkpoint in OpenGVLab's own layout, where the tiling is part of
   * {@code config.json}. Absent keys take the values of {@code InternVLChatConfig}.
   *
   * @param config {@code config.json}
   * @param json {@code preprocessor_config.json}
   * @throws IllegalArgumentException naming the key, its value and what is allowed
   */
  public static TileSettings ofOpenGvLab(JsonNode config, JsonNode json) {
    ProcessorConfig.requireBicubic(json);
    JsonNode vision = config.path("vision_config");
    boolean tiled = config.path("dynamic_image_size").asBoolean(false);
    return new TileSettings(
        config.path("force_image_size").asInt(vision.path("image_size").asInt(448)),
        vision.path("patch_size").asInt(14),
        tiled ? config.path("min_dynamic_patch").asInt(1) : 1,
        tiled ? config.path("max_dynamic_patch").asInt(6) : 1,
        config.path("use_thumbnail").asBoolean(false),
        Normalisation.of(json, Normalisation.IMAGENET));
  }

  /**
   * These settings with the limits of a run in place of the checkpoint's.
   *
   * @throws IllegalArgumentException if a limit contradicts what the checkpoint says, or concerns
   *     pixels
   */
  public TileSettings with(ImageLimits limits) {
    limits.requireNoPixels();
    int most = limits.maxTiles().orElse(maxTiles);
    ImageLimits.require(
        most >= minTiles,
        "max-tiles",
        most,
        "the fewest tiles of the checkpoint (%d) or more".formatted(minTiles));
    return new TileSettings(tileSize, patchSize, minTiles, most, thumbnail, normalisation);
  }

  /** Patches per side of a tile. */
  public int patchesPerSide() {
    return tileSize / patchSize;
  }
}
