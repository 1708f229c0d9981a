package dev.sampo.reward;

import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.ImageGrid;
import dev.sampo.protocol.ImageRef;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a reward function sees of one completion.
 *
 * @param question the text that was asked, template applied
 * @param completion the answer's text, special tokens left out
 * @param solution the reference answer
 * @param images the images in order
 * @param fields the other columns of the row, as JSON text
 */
public record RewardInput(
    String question,
    String completion,
    String solution,
    List<ImageFrame> images,
    Map<String, String> fields) {

  /**
   * An image before and after it was prepared for the model.
   *
   * @param width of the original, pixels
   * @param height of the original, pixels
   * @param grid the patches that the model saw
   */
  public record ImageFrame(int width, int height, ImageGrid grid) {
    public ImageFrame {
      if (width < 1 || height < 1) {
        throw new IllegalArgumentException("an image has pixels, got " + width + "x" + height);
      }
    }
  }

  public RewardInput {
    images = List.copyOf(images);
    fields = Collections.unmodifiableSortedMap(new TreeMap<>(fields));
  }

  /** The input for one completion of a group. */
  public static RewardInput of(CompletionGroup group, int completion) {
    List<ImageRef> images = group.prompt().images();
    List<ImageGrid> grids = group.imageGrids();
    if (images.size() != grids.size()) {
      throw new IllegalArgumentException(
          "a group has one patch grid per image, got "
              + grids.size()
              + " grids for "
              + images.size()
              + " images");
    }
    List<ImageFrame> frames = new ArrayList<>();
    for (int i = 0; i < images.size(); i++) {
      frames.add(new ImageFrame(images.get(i).width(), images.get(i).height(), grids.get(i)));
    }
    return new RewardInput(
        group.prompt().text(),
        group.completions().get(completion).text(),
        group.prompt().solution(),
        frames,
        group.prompt().fields());
  }
}
