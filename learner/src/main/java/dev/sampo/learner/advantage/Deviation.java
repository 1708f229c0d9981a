package dev.sampo.learner.advantage;

/** Which standard deviation. */
public enum Deviation {
  /** Divides by {@code n - 1} (TRL, VLM-R1, verl). */
  UNBIASED,
  /** Divides by {@code n}. */
  BIASED
}
