package dev.sampo.vlm.family;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.ImagePatches;
import java.util.List;

/** Turns images into features of the decoder's width: vision tower and projector. */
public interface VisionEncoder {

  /** Features that one image becomes. */
  int numFeatures(ImagePatches image);

  /**
   * Encodes images together.
   *
   * @param images at least one
   * @param scope owns everything made
   * @param recording whether gradients are recorded
   * @return features in reading order, all images end to end // [features, E]
   * @throws IllegalArgumentException if an image has another shape than the model takes
   */
  NDArray encode(List<ImagePatches> images, NDManager scope, boolean recording);
}
