package dev.sampo.learner.objective;

/** What a ratio is of. */
public enum RatioLevel {
  /** Every token has its own. */
  TOKEN,
  /** The geometric mean over a completion, gradient included (GSPO). */
  SEQUENCE,
  /** The value of the geometric mean, with the gradient of the token's own ratio (GSPO-token). */
  SEQUENCE_TOKEN
}
