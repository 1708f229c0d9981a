package dev.sampo.vlm.qwen;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import java.util.List;

/**
 * Shape of a Qwen2.5-VL model, from its {@code config.json}.
 *
 * @param text the decoder
 * @param vision the vision tower
 * @param imageTokenId the token that stands for one image feature
 */
public record QwenVlSettings(Text text, Vision vision, int imageTokenId) {

  public QwenVlSettings {
    require(
        vision.outHiddenSize == text.hiddenSize,
        "out_hidden_size must equal hidden_size %d, got %d",
        text.hiddenSize,
        vision.outHiddenSize);
    require(
        imageTokenId >= 0 && imageTokenId < text.vocabularySize,
        "image_token_id must be in [0, %d), got %d",
        text.vocabularySize,
        imageTokenId);
  }

  /**
   * The decoder.
   *
   * @param mropeSection rotary frequencies that turn with the temporal, height and width position
   * @param tiedHead whether the output head is the embedding
   */
  public record Text(
      int vocabularySize,
      int hiddenSize,
      int intermediateSize,
      int numLayers,
      int numHeads,
      int numKeyValueHeads,
      double normEpsilon,
      double ropeTheta,
      List<Integer> mropeSection,
      boolean tiedHead) {
    public Text {
      mropeSection = List.copyOf(mropeSection);
      positive("vocab_size", vocabularySize);
      positive("hidden_size", hiddenSize);
      positive("intermediate_size", intermediateSize);
      positive("num_hidden_layers", numLayers);
      positive("num_attention_heads", numHeads);
      positive("num_key_value_heads", numKeyValueHeads);
      require(
          hiddenSize % (2 * numHeads) == 0,
          "hidden_size must be an even multiple of num_attention_heads %d, got %d",
          numHeads,
          hiddenSize);
      require(
          numHeads % numKeyValueHeads == 0,
          "num_attention_heads must be a multiple of num_key_value_heads %d, got %d",
          numKeyValueHeads,
          numHeads);
      int sum = mropeSection.stream().mapToInt(Integer::intValue).sum();
      require(
          mropeSection.size() == 3 && 2 * sum == hiddenSize / numHeads,
          "mrope_section must be three numbers with sum %d, got %s",
          hiddenSize / numHeads / 2,
          mropeSection);
    }

    public int headSize() {
      return hiddenSize / numHeads;
    }
  }

  /**
   * The vision tower.
   *
   * @param mergeSize patches per side of a merge unit, which becomes one feature
   * @param windowSize pixels per side of an attention window
   * @param fullAttentionBlocks blocks that see the whole image
   * @param outHiddenSize width of a feature
   */
  public record Vision(
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
    public Vision {
      fullAttentionBlocks = List.copyOf(fullAttentionBlocks);
      positive("vision_config.depth", depth);
      positive("vision_config.hidden_size", hiddenSize);
      positive("vision_config.intermediate_size", intermediateSize);
      positive("vision_config.num_heads", numHeads);
      positive("vision_config.in_channels", numChannels);
      positive("vision_config.patch_size", patchSize);
      positive("vision_config.temporal_patch_size", temporalPatchSize);
      positive("vision_config.spatial_merge_size", mergeSize);
      require(
          hiddenSize % (4 * numHeads) == 0,
          "vision_config.hidden_size must be a multiple of 4 * num_heads %d, got %d",
          numHeads,
          hiddenSize);
      require(
          windowSize >= mergeSize * patchSize,
          "vision_config.window_size must be at least %d, got %d",
          mergeSize * patchSize,
          windowSize);
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
