package dev.sampo.learner.advantage;

/** What a score above its baseline is divided by. */
public enum AdvantageScale {
  /** Nothing (Dr. GRPO, RLOO). */
  NONE,
  /** The standard deviation of the group's scores (GRPO). */
  GROUP_STD,
  /** The standard deviation of the other completions' scores, where it is above 0. */
  LEAVE_ONE_OUT_STD,
  /** The standard deviation of all scores of the batch. */
  BATCH_STD,
  /** The standard deviation of all scores of the batch minus their baselines (Magistral). */
  BATCH_CENTRED_STD,
  /** Mean and deviation over all live tokens of the batch (REINFORCE++ baseline). */
  TOKEN_WHITENING
}
