package dev.sampo.vlm.qwen;

import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.text.PromptFormat;
import dev.sampo.vlm.text.PromptPositions;
import java.util.List;

/**
 * Prompts of Qwen2-VL and Qwen2.5-VL. Positions as in arXiv 2409.12191, section 2.1: text counts up
 * on all three axes together; the tokens of an image share the temporal position at which the image
 * starts and count rows and columns from there; what follows starts after the largest position so
 * far.
 *
 * @param merge patches per side of the square that becomes one token
 */
public record QwenPromptFormat(int merge) implements PromptFormat {

  @Override
  public String imageToken() {
    return "<|image_pad|>";
  }

  @Override
  public int tokensOf(ImagePatches image) {
    return image.numPatches() / (merge * merge);
  }

  @Override
  public PromptPositions positions(int[] tokenIds, int imageToken, List<ImagePatches> images) {
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
      ImagePatches patches = imageOf(image, images);
      int rows = patches.height() / merge;
      int columns = patches.width() / merge;
      int end = at + tokensOf(patches);
      for (int token = 0; at < end; token++, at++) {
        if (at == tokenIds.length || tokenIds[at] != imageToken) {
          throw new IllegalArgumentException(
              "image %d needs %d image tokens, the prompt has %d of them"
                  .formatted(image + 1, tokensOf(patches), token));
        }
        positions[0][at] = next;
        positions[1][at] = next + token / columns % rows;
        positions[2][at] = next + token % columns;
      }
      next += Math.max(rows, columns);
      image++;
    }
    if (image != images.size()) {
      throw new IllegalArgumentException(
          "the prompt has image tokens for %d of %d images".formatted(image, images.size()));
    }
    return new PromptPositions(positions, next);
  }

  private static ImagePatches imageOf(int image, List<ImagePatches> images) {
    if (image == images.size()) {
      throw new IllegalArgumentException(
          "the prompt has more image tokens than its %d images need".formatted(images.size()));
    }
    return images.get(image);
  }
}
