package dev.sampo.learner.objective;

/** What a weight for the difference between trainer and rollout is of. */
public enum MismatchLevel {
  /** There are no weights. */
  NONE,
  /** Every token has its own. */
  TOKEN,
  /** The product over a completion. */
  SEQUENCE_SUM,
  /** The geometric mean over a completion. */
  SEQUENCE_MEAN
}
