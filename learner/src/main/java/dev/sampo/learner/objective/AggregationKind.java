package dev.sampo.learner.objective;

/** How token losses become one number. */
public enum AggregationKind {
  /** Mean over completions of the mean over a completion's tokens (GRPO, VLM-R1). */
  SEQUENCE_MEAN,
  /** Mean over completions of the sum over a completion's tokens. */
  SEQUENCE_SUM,
  /** Mean over completions of the sum over its tokens, divided by a fixed length (Dr. GRPO). */
  FIXED_LENGTH,
  /** Mean over prompts of the mean over all tokens of a prompt's completions. */
  PROMPT_MEAN,
  /** Mean over all tokens of the update (DAPO). */
  TOKEN_MEAN,
  /** Sum over all tokens. */
  TOKEN_SUM;

  /** Whether it is a mean over completions. */
  boolean isOverCompletions() {
    return this == SEQUENCE_MEAN || this == SEQUENCE_SUM || this == FIXED_LENGTH;
  }
}
