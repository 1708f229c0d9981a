package dev.sampo.learner.advantage;

/** How several rewards become one advantage. */
public enum RewardCombination {
  /** Their weighted sum is the score. */
  SUM,
  /**
   * Each is normalised within the group first, then they are weighted and summed, and the sums are
   * normalised over the batch (GDPO, Liu et al. 2026, arXiv:2601.05242).
   */
  NORMALISE_FIRST
}
