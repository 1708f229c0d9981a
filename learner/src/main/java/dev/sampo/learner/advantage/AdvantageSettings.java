package dev.sampo.learner.advantage;

import dev.sampo.learner.option.OptionText;
import dev.sampo.learner.option.Rules;

/**
 * How scores become advantages.
 *
 * <p>Without a baseline only the scale {@code none} or {@code token-whitening} means anything: the
 * others divide by the deviation of equal rewards, which is 0.
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
    Rules.require(epsilon > 0 && Double.isFinite(epsilon), "epsilon", "> 0", epsilon);
    Rules.require(
        baseline != Baseline.NONE
            || scale == AdvantageScale.NONE
            || scale == AdvantageScale.TOKEN_WHITENING,
        "scale",
        "none or token-whitening where baseline is none: equal rewards would be divided by"
            + " epsilon",
        OptionText.of(scale));
    Rules.require(
        scale != AdvantageScale.LEAVE_ONE_OUT_STD || baseline == Baseline.LEAVE_ONE_OUT,
        "baseline",
        "leave-one-out where scale is leave-one-out-std",
        OptionText.of(baseline));
    if (rewards == RewardCombination.NORMALISE_FIRST) {
      String why = " where rewards is normalise-first";
      Rules.require(
          baseline == Baseline.GROUP_MEAN, "baseline", "group-mean" + why, OptionText.of(baseline));
      Rules.require(
          scale == AdvantageScale.GROUP_STD, "scale", "group-std" + why, OptionText.of(scale));
      Rules.require(
          singleton == SingletonGroup.ZERO, "singleton", "zero" + why, OptionText.of(singleton));
    }
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
}
