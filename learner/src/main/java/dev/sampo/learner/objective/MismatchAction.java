package dev.sampo.learner.objective;

/** What happens to a weight out of bounds. */
public enum MismatchAction {
  /** It becomes the nearest bound (truncated importance sampling). */
  TRUNCATE,
  /** It becomes 0 (IcePop, rejection). The denominators stay those of all live tokens. */
  MASK
}
