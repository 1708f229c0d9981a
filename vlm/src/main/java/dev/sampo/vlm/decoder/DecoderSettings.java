package dev.sampo.vlm.decoder;

import java.util.List;

/**
 * Shape of a decoder with grouped-query attention, rotary positions, RMS norms and gated
 * feed-forward layers: Qwen2, and InternLM2, which is the same without biases.
 *
 * @param headSize width of an attention head
 * @param mropeSections rotary frequencies that turn with the temporal, height and width position
 * @param attentionBias whether queries, keys and values have a bias
 * @param tiedHead whether the output head is the embedding
 * @param maxPositions positions at and beyond this one are refused, because the checkpoint would
 *     compute them in another way
 */
public record DecoderSettings(
    int vocabularySize,
    int hiddenSize,
    int intermediateSize,
    int numLayers,
    int numHeads,
    int numKeyValueHeads,
    int headSize,
    double normEpsilon,
    double ropeTheta,
    List<Integer> mropeSections,
    boolean attentionBias,
    boolean tiedHead,
    int maxPositions) {

  public DecoderSettings {
    mropeSections = List.copyOf(mropeSections);
    positive("vocab_size", vocabularySize);
    positive("hidden_size", hiddenSize);
    positive("intermediate_size", intermediateSize);
    positive("num_hidden_layers", numLayers);
    positive("num_attention_heads", numHeads);
    positive("num_key_value_heads", numKeyValueHeads);
    positive("head size", headSize);
    if (numHeads % numKeyValueHeads != 0) {
      throw new IllegalArgumentException(
          "num_attention_heads must be a multiple of num_key_value_heads %d, got %d"
              .formatted(numKeyValueHeads, numHeads));
    }
    int sum = mropeSections.stream().mapToInt(Integer::intValue).sum();
    if (mropeSections.size() != 3 || 2 * sum != headSize) {
      throw new IllegalArgumentException(
          "mrope_section must be three numbers with sum %d, got %s"
              .formatted(headSize / 2, mropeSections));
    }
  }

  private static void positive(String key, int value) {
    if (value <= 0) {
      throw new IllegalArgumentException("%s must be positive, got %d".formatted(key, value));
    }
  }

  /**
   * Size of the heads that together are as wide as the decoder.
   *
   * @throws IllegalArgumentException if there is no such size, or it is odd
   */
  public static int headSize(int hiddenSize, int numHeads) {
    if (numHeads < 1 || hiddenSize % (2 * numHeads) != 0) {
      throw new IllegalArgumentException(
          "hidden_size must be an even multiple of num_attention_heads %d, got %d"
              .formatted(numHeads, hiddenSize));
    }
    return hiddenSize / numHeads;
  }

  /**
   * Checks the position of a last token.
   *
   * @throws IllegalArgumentException if it is {@link #maxPositions} or more
   */
  void requirePosition(int position) {
    if (position >= maxPositions) {
      throw new IllegalArgumentException(
          "the checkpoint computes %d positions as trained, a sequence reaches position %d"
              .formatted(maxPositions, position));
    }
  }
}
