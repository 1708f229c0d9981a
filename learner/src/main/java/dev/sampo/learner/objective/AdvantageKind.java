package dev.sampo.learner.objective;

/** How the scores of a group become advantages. */
public enum AdvantageKind {
  /** Score minus group mean, divided by the group's standard deviation (GRPO). */
  GROUP_NORMALISED,
  /** Score minus group mean (Dr. GRPO). */
  MEAN_ONLY
}
