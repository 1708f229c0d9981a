package dev.sampo.learner.objective;

/** How token losses become one number. */
public enum Aggregation {
  /** Mean over completions of the mean over a completion's tokens (GRPO, VLM-R1). */
  SEQUENCE_MEAN,
  /** Mean over all tokens of the optimizer step (DAPO). */
  TOKEN_MEAN
}
