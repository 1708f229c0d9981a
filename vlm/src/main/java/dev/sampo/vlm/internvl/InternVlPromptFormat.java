package dev.sampo.vlm.internvl;

import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.text.PromptFormat;
import dev.sampo.vlm.text.PromptPositions;
import java.util.Arrays;
import java.util.List;

/**
 * Prompts of InternVL 2.5 and 3: the tokens of all tiles of an image between {@code <img>} and
 * {@code </img>}, and positions that count tokens of either kind.
 *
 * @param merge patches per side of the square that becomes one token: the inverse of the setting
 *     {@code downsample_ratio}
 */
public record InternVlPromptFormat(int merge) implements PromptFormat {
  /** The token that stands for one image feature. */
  static final String IMAGE_TOKEN = "<IMG_CONTEXT>";

  @Override
  public String imageToken() {
    return IMAGE_TOKEN;
  }

  @Override
  public List<String> beforeImage() {
    return List.of("<img>");
  }

  @Override
  public List<String> afterImage() {
    return List.of("</img>");
  }

  @Override
  public int tokensOf(ImagePatches image) {
    return image.numPatches() / (merge * merge);
  }

  @Override
  public PromptPositions positions(int[] tokenIds, int imageToken, List<ImagePatches> images) {
    int needed = images.stream().mapToInt(this::tokensOf).sum();
    long found = Arrays.stream(tokenIds).filter(id -> id == imageToken).count();
    if (found != needed) {
      throw new IllegalArgumentException(
          "%d images need %d image tokens, the prompt has %d"
              .formatted(images.size(), needed, found));
    }
    return PromptPositions.counting(tokenIds.length);
  }
}
