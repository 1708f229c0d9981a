package dev.sampo.vlm;

import java.util.List;

/**
 * A prompt as the model takes it.
 *
 * @param tokenIds chat template applied, vision tokens expanded // [P]
 * @param positions multimodal rotary positions: temporal, height, width // [3][P]
 * @param nextPosition position of the first token after the prompt, the same on all three axes
 * @param images the images in the order of their vision tokens
 */
@SuppressWarnings("ArrayRecordComponent")
public record EncodedPrompt(
    int[] tokenIds, int[][] positions, int nextPosition, List<ImagePatches> images) {
  public EncodedPrompt {
    images = List.copyOf(images);
  }

  public int length() {
    return tokenIds.length;
  }
}
