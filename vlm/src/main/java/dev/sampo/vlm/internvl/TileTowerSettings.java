package dev.sampo.vlm.internvl;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;

/**
 * Shape of the vision tower of InternVL, which sees one tile at a time.
 *
 * @param depth blocks
 * @param width of a patch vector
 * @param imageSize pixels per side of the tiles that the positions were learned for
 * @param rmsNorms whether the norms of a block are RMS norms; layer norms otherwise
 * @param normEpsilon of the norms of a block
 * @param queryNorms whether queries and keys are normalised over the full width
 * @param queryNormEpsilon of those
 * @param attentionBias whether queries, keys and values have a bias
 * @param positions whether positions are added to the patches
 * @param finalNorm whether a layer norm follows the last block
 * @param layerScale what the scales of a block's two branches start as
 */
record TileTowerSettings(
    int depth,
    int width,
    int intermediateSize,
    int numHeads,
    int numChannels,
    int patchSize,
    int imageSize,
    boolean rmsNorms,
    double normEpsilon,
    boolean queryNorms,
    double queryNormEpsilon,
    boolean attentionBias,
    boolean positions,
    boolean finalNorm,
    double layerScale) {
  TileTowerSettings {
    positive("num_hidden_layers", depth);
    positive("hidden_size", width);
    positive("intermediate_size", intermediateSize);
    positive("num_attention_heads", numHeads);
    positive("num_channels", numChannels);
    positive("patch_size", patchSize);
    require(imageSize >= patchSize, "image_size must be at least patch_size %d", patchSize);
    require(
        width % numHeads == 0,
        "hidden_size must be a multiple of num_attention_heads %d, got %d",
        numHeads,
        width);
  }

  /** Patches per side of the tiles that the positions were learned for. */
  int trainedSide() {
    return imageSize / patchSize;
  }

  /** Values of one patch. */
  int patchValues() {
    return numChannels * patchSize * patchSize;
  }

  private static void positive(String key, int value) {
    require(value > 0, "%s must be positive, got %d", key, value);
  }

  @FormatMethod
  private static void require(boolean holds, @FormatString String rule, Object... values) {
    if (!holds) {
      throw new IllegalArgumentException(rule.formatted(values));
    }
  }
}
