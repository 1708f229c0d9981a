package dev.sampo.learner.advantage;

/** What is subtracted from a score. */
public enum Baseline {
  /** Nothing (REINFORCE++, Hu 2025, arXiv:2501.03262). */
  NONE,
  /** The mean of the group (GRPO). */
  GROUP_MEAN,
  /** The mean of the other completions of the group (RLOO, Ahmadian et al. 2024). */
  LEAVE_ONE_OUT
}
