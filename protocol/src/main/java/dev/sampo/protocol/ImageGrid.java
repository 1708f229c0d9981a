package dev.sampo.protocol;

import java.util.OptionalInt;

/**
 * The patch grid of one image as the vision tower sees it.
 *
 * @param temporal patches in time, or tiles; 1 for a still image
 * @param height patch rows
 * @param width patch columns
 * @param boxPatch side of a patch in pixels, if the model writes boxes in pixels of the picture
 *     that these patches are; empty if it writes them in pixels of the original
 */
public record ImageGrid(int temporal, int height, int width, OptionalInt boxPatch) {
  public ImageGrid {
    if (temporal < 1 || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "a patch grid has at least one patch, got %dx%dx%d".formatted(temporal, height, width));
    }
    if (boxPatch.orElse(1) < 1) {
      throw new IllegalArgumentException("a patch has pixels, got " + boxPatch.getAsInt());
    }
  }

  public int numPatches() {
    return temporal * height * width;
  }
}
