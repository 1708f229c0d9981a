package dev.sampo.vlm.decoder;

import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.EncodedPrompt;
import java.util.List;

/** Where a decoder gets the features of images from. */
@FunctionalInterface
public interface PromptImages {
  /**
   * Features of the images of prompts laid end to end.
   *
   * @param scope owns everything made
   * @param recording whether the features enter a computation that records gradients
   */
  ImageFeatures encode(List<EncodedPrompt> prompts, NDManager scope, boolean recording);
}
