package dev.sampo.vlm;

/** The picture in whose pixels a model counts when it says where something is. */
public sealed interface BoxFrame {

  /**
   * The picture as it was resized for the model.
   *
   * @param patchSide side of a patch, pixels: the picture has as many as its patches
   */
  record ResizedImage(int patchSide) implements BoxFrame {}

  /** The picture as it was given, whatever the model was shown of it. */
  record OriginalImage() implements BoxFrame {}
}
