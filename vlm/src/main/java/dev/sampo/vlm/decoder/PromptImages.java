package dev.sampo.vlm.decoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.EncodedPrompt;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Where a decoder gets the features of images from. */
public interface PromptImages {
  /**
   * Features of the images of prompts laid end to end, without gradients.
   *
   * @param scope owns everything made
   * @throws IllegalArgumentException if a prompt has not one image token per feature
   */
  ImageFeatures encode(List<EncodedPrompt> prompts, NDManager scope);

  /**
   * As {@link #encode}, with a way back to the weights that are trained, if there are any.
   *
   * @param recompute whether layers are computed once more on the way back
   */
  default Recorded record(List<EncodedPrompt> prompts, NDManager scope, boolean recompute) {
    return new Recorded(encode(prompts, scope), Optional.empty());
  }

  /**
   * Features that enter a recorded computation.
   *
   * @param wayBack takes the gradient of {@code features.features()}, once; empty if none is asked
   *     for
   */
  record Recorded(ImageFeatures features, Optional<Consumer<NDArray>> wayBack) {}
}
