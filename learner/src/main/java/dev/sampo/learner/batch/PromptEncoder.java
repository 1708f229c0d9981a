package dev.sampo.learner.batch;

import dev.sampo.protocol.Prompt;
import dev.sampo.vlm.EncodedPrompt;

/** Turns a prompt into what the model takes, images included. */
@FunctionalInterface
public interface PromptEncoder {

  /**
   * Encodes a prompt.
   *
   * @throws dev.sampo.learner.LearnerException if an image is missing or broken
   */
  EncodedPrompt encode(Prompt prompt);
}
