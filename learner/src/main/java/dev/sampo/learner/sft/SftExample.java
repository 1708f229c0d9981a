package dev.sampo.learner.sft;

import dev.sampo.protocol.Prompt;

/**
 * A question with the answer to imitate.
 *
 * @param answer text of the reference answer, without an end token
 */
public record SftExample(Prompt prompt, String answer) {}
