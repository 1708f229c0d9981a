package dev.sampo.rollout;

import dev.sampo.protocol.ImageGrid;
import dev.sampo.vlm.BoxFrame;
import dev.sampo.vlm.EncodedPrompt;
import java.util.List;
import java.util.OptionalInt;

/** What those who judge answers need to know of how a model saw images. */
public final class ImageGrids {
  private ImageGrids() {}

  /** The patch grids of a prompt's images, in order. */
  public static List<ImageGrid> of(EncodedPrompt prompt, BoxFrame frame) {
    OptionalInt boxPatch =
        switch (frame) {
          case BoxFrame.ResizedImage(int patchSide) -> OptionalInt.of(patchSide);
          case BoxFrame.OriginalImage() -> OptionalInt.empty();
        };
    return prompt.images().stream()
        .map(image -> new ImageGrid(image.temporal(), image.height(), image.width(), boxPatch))
        .toList();
  }
}
