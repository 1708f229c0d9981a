package dev.sampo.protocol;

/**
 * The patch grid of one image as the vision tower sees it.
 *
 * @param temporal patches in time; 1 for a still image
 * @param height patch rows
 * @param width patch columns
 */
public record ImageGrid(int temporal, int height, int width) {
  public ImageGrid {
    if (temporal < 1 || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "a patch grid has at least one patch, got %dx%dx%d".formatted(temporal, height, width));
    }
  }

  public int numPatches() {
    return temporal * height * width;
  }
}
