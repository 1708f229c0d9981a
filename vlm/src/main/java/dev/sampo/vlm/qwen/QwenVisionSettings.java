package dev.sampo.vlm.qwen;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import java.util.List;

/**
 * Shape of the vision tower of Qwen2-VL and Qwen2.5-VL.
 *
 * @param blocks how a block is built
 * @param mergeSize patches per side of a merge unit, which becomes one feature
 * @param windowSize pixels per side of an attention window
 * @param fullAttentionBlocks blocks that see the whole image
 * @param outHiddenSize width of a feature
 */
public record QwenVisionSettings(
    BlockKind blocks,
    int depth,
    int hiddenSize,
    int intermediateSize,
    int numHeads,
    int numChannels,
    int patchSize,
    int temporalPatchSize,
    int mergeSize,
    int windowSize,
    List<Integer> fullAttentionBlocks,
    int outHiddenSize) {

  /** Norms and feed-forward layers of a block. */
  public enum BlockKind {
    /** Layer norms and two layers with a quick GELU: Qwen2-VL. */
    LAYER_NORM,
    /** RMS norms and gated layers: Qwen2.5-VL. */
    GATED
  }

  public QwenVisionSettings {
    fullAttentionBlocks = List.copyOf(fullAttentionBlocks);
    positive("depth", depth);
    positive("hidden_size", hiddenSize);
    positive("intermediate_size", intermediateSize);
    positive("num_heads", numHeads);
    positive("in_channels", numChannels);
    positive("patch_size", patchSize);
    positive("temporal_patch_size", temporalPatchSize);
    positive("spatial_merge_size", mergeSize);
    require(
        hiddenSize % (4 * numHeads) == 0,
        "hidden_size must be a multiple of 4 * num_heads %d, got %d",
        numHeads,
        hiddenSize);
    require(
        windowSize >= mergeSize * patchSize,
        "window_size must be at least %d, got %d",
        mergeSize * patchSize,
        windowSize);
    for (int block : fullAttentionBlocks) {
      require(block < depth, "fullatt_block_indexes must be below %d, got %d", depth, block);
    }
  }

  /** Patches of one merge unit. */
  public int patchesPerUnit() {
    return mergeSize * mergeSize;
  }

  /** Values of one patch. */
  public int patchValues() {
    return numChannels * temporalPatchSize * patchSize * patchSize;
  }

  /** Merge units per side of an attention window. */
  public int unitsPerWindow() {
    return windowSize / mergeSize / patchSize;
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
