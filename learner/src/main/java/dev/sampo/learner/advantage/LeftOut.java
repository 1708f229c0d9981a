package dev.sampo.learner.advantage;

/** Why a group is left out of an update. */
public enum LeftOut {
  /** Its scores differ by too little. */
  ZERO_VARIANCE,
  /** Its mean score is too low: the prompt is too hard for now. */
  MEAN_TOO_LOW,
  /** Its mean score is too high: the prompt is too easy. */
  MEAN_TOO_HIGH
}
