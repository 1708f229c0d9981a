package dev.sampo.vlm.image;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * What {@code preprocessor_config.json} says about pictures that are cut into one grid of patches.
 * Absent keys take the values of the published Qwen2-VL processor.
 *
 * <p>Bounds of the area have two names. Both processors of Transformers 4.57.1 take {@code
 * min_pixels} and {@code max_pixels} first. Without them {@code Qwen2VLImageProcessorFast}, which
 * {@code AutoProcessor} chooses, takes {@code size.shortest_edge} and {@code size.longest_edge}, as
 * this class does; {@code Qwen2VLImageProcessor} overlooks those and takes its defaults.
 *
 * @param resize whether pictures are resized; if not, their sides must be multiples of {@link
 *     #factor()}
 * @param minPixels fewest pixels after resizing
 * @param maxPixels most pixels after resizing
 * @param patchSize side of a patch in pixels
 * @param temporalPatchSize frames of a patch; a still picture is repeated
 * @param mergeSize patches per side of the square that becomes one token
 * @param normalisation of the samples
 */
public record PatchSettings(
    boolean resize,
    long minPixels,
    long maxPixels,
    int patchSize,
    int temporalPatchSize,
    int mergeSize,
    Normalisation normalisation) {
  public PatchSettings {
    ProcessorConfig.require(patchSize >= 1, "patch_size", patchSize, "1 or more");
    ProcessorConfig.require(
        temporalPatchSize >= 1, "temporal_patch_size", temporalPatchSize, "1 or more");
    ProcessorConfig.require(mergeSize >= 1, "merge_size", mergeSize, "1 or more");
    ProcessorConfig.require(minPixels >= 1, "min_pixels", minPixels, "1 or more");
    ProcessorConfig.require(maxPixels >= minPixels, "max_pixels", maxPixels, "min_pixels or more");
  }

  /**
   * Reads the settings.
   *
   * @throws IllegalArgumentException naming the key, its value and what is allowed
   */
  public static PatchSettings of(JsonNode json) {
    JsonNode size = json.path("size");
    ProcessorConfig.requireBicubic(json);
    return new PatchSettings(
        json.path("do_resize").asBoolean(true),
        json.path("min_pixels").asLong(size.path("shortest_edge").asLong(56 * 56)),
        json.path("max_pixels").asLong(size.path("longest_edge").asLong(28 * 28 * 1280)),
        json.path("patch_size").asInt(14),
        json.path("temporal_patch_size").asInt(2),
        json.path("merge_size").asInt(2),
        Normalisation.of(json, Normalisation.CLIP));
  }

  /**
   * These settings with the limits of a run in place of the checkpoint's.
   *
   * @throws IllegalArgumentException if a limit contradicts what the checkpoint says, or concerns
   *     tiles
   */
  public PatchSettings with(ImageLimits limits) {
    limits.requireNoTiles();
    long fewest = limits.minPixels().orElse(minPixels);
    long most = limits.maxPixels().orElse(maxPixels);
    ImageLimits.require(
        fewest <= most,
        limits.minPixels().isPresent() ? "min-pixels" : "max-pixels",
        limits.minPixels().isPresent() ? fewest : most,
        limits.minPixels().isPresent()
            ? "max_pixels of the checkpoint (%d) or fewer".formatted(most)
            : "min_pixels of the checkpoint (%d) or more".formatted(fewest));
    return new PatchSettings(
        resize, fewest, most, patchSize, temporalPatchSize, mergeSize, normalisation);
  }

  /** Sides of a resized picture are multiples of this. */
  public int factor() {
    return patchSize * mergeSize;
  }
}
