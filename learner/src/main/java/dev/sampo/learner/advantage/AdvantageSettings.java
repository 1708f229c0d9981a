package dev.sampo.learner.advantage;

/**
 * How scores become advantages.
 *
 * @param baseline what is subtracted
 * @param scale what the rest is divided by
 * @param deviation which standard deviation
 * @param epsilon added to the deviation; under the root, to the variance, for token whitening
 * @param rewards how several rewards are combined
 * @param singleton what a group with one scored completion gets
 */
public record AdvantageSettings(
    Baseline baseline,
    AdvantageScale scale,
    Deviation deviation,
    double epsilon,
    RewardCombination rewards,
    SingletonGroup singleton) {
  public AdvantageSettings {
    require(epsilon > 0 && Double.isFinite(epsilon), "epsilon must be > 0, got " + epsilon);
    require(
        scale != AdvantageScale.LEAVE_ONE_OUT_STD || baseline == Baseline.LEAVE_ONE_OUT,
        "scale leave-one-out-std needs baseline leave-one-out, got group-mean");
    require(
        rewards == RewardCombination.SUM
            || (scale == AdvantageScale.GROUP_STD && baseline == Baseline.GROUP_MEAN),
        "rewards normalise-first needs baseline group-mean and scale group-std");
  }

  /** {@code (r - mean) / (std + 1e-4)} with the unbiased deviation (GRPO, TRL, VLM-R1). */
  public static AdvantageSettings groupNormalised() {
    return of(Baseline.GROUP_MEAN, AdvantageScale.GROUP_STD);
  }

  /** Unbiased deviation, epsilon 1e-4, summed rewards, nothing for a singleton. */
  public static AdvantageSettings of(Baseline baseline, AdvantageScale scale) {
    return new AdvantageSettings(
        baseline, scale, Deviation.UNBIASED, 1e-4, RewardCombination.SUM, SingletonGroup.ZERO);
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }
}
