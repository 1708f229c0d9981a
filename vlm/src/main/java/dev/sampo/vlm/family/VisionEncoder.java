package dev.sampo.vlm.family;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.ImagePatches;
import java.util.List;

/** Turns images into features of the decoder's width: a vision tower, and a projector behind it. */
public interface VisionEncoder {

  /** Features that one image becomes. */
  int numFeatures(ImagePatches image);

  /**
   * Takes images through the tower without recording gradients.
   *
   * @param images at least one
   * @param scope owns everything made
   * @return what the projector makes features of, in reading order, all images end to end //
   *     [features, W]
   * @throws IllegalArgumentException if an image has another shape than the model takes
   */
  NDArray tower(List<ImagePatches> images, NDManager scope);

  /**
   * The tower in steps, which record gradients where the calling thread does.
   *
   * @param images at least one
   * @param scope owns everything made
   * @throws IllegalArgumentException as {@link #tower}
   */
  TowerSteps steps(List<ImagePatches> images, NDManager scope);

  /**
   * Takes what the tower made through the projector.
   *
   * @param x // [features, W]
   * @param scope owns the result
   * @param recording whether gradients are recorded
   * @return // [features, E]
   */
  NDArray project(NDArray x, NDManager scope, boolean recording);

  /** A tower that images are in. */
  interface TowerSteps {
    /** What enters the first layer. */
    NDArray start();

    int numLayers();

    /** What leaves a layer, from 0, when {@code x} enters it; a new array. */
    NDArray layer(int index, NDArray x);

    /** What {@link #tower} returns, from what leaves the last layer. */
    NDArray end(NDArray x);
  }
}
