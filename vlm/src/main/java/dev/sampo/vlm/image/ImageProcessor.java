package dev.sampo.vlm.image;

import dev.sampo.vlm.ImagePatches;

/** Turns a picture into what the vision tower of a model takes. Thread-safe. */
@FunctionalInterface
public interface ImageProcessor {
  /**
   * Resizes, normalises and cuts one picture.
   *
   * @throws InvalidImageException if the model cannot take a picture of this shape
   */
  ImagePatches process(RgbImage image);
}
