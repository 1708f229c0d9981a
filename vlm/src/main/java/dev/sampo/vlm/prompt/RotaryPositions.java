package dev.sampo.vlm.prompt;

import dev.sampo.vlm.ImagePatches;
import java.util.List;

/**
 * Multimodal rotary positions as in Qwen2-VL (arXiv 2409.12191, section 2.1): text counts up on all
 * three axes together; the tokens of an image share the temporal position at which the image starts
 * and count rows and columns from there; what follows starts after the largest position so far.
 *
 * @param positions temporal, height, width // [3][P]
 * @param next position of the token after the last, the same on all three axes
 */
@SuppressWarnings("ArrayRecordComponent")
record RotaryPositions(int[][] positions, int next) {

  /**
   * Computes positions.
   *
   * @param tokenIds prompt with every image token expanded // [P]
   * @param images the images in the order of their tokens
   * @param merge patches per side of the square that becomes one token
   */
  static RotaryPositions of(int[] tokenIds, List<ImagePatches> images, int imageToken, int merge) {
    int[][] positions = new int[3][tokenIds.length];
    int next = 0;
    int image = 0;
    int at = 0;
    while (at < tokenIds.length) {
      if (tokenIds[at] != imageToken) {
        positions[0][at] = positions[1][at] = positions[2][at] = next++;
        at++;
        continue;
      }
      int rows = images.get(image).height() / merge;
      int columns = images.get(image).width() / merge;
      int tokens = images.get(image).temporal() * rows * columns;
      for (int token = 0; token < tokens; token++, at++) {
        positions[0][at] = next;
        positions[1][at] = next + token / columns % rows;
        positions[2][at] = next + token % columns;
      }
      next += Math.max(rows, columns);
      image++;
    }
    return new RotaryPositions(positions, next);
  }
}
