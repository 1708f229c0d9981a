package dev.sampo.learner.objective;

import dev.sampo.learner.option.OptionText;
import dev.sampo.learner.option.Rules;
import java.util.OptionalDouble;

/**
 * Absolute bounds of an importance weight, both inclusive and optional. They are not distances from
 * 1: TRL's {@code epsilon_high} of CISPO is {@code high}, verl's {@code 1 + clip_ratio_high} too.
 */
public record WeightBounds(OptionalDouble low, OptionalDouble high) {
  /** No bounds. */
  public static final WeightBounds NONE =
      new WeightBounds(OptionalDouble.empty(), OptionalDouble.empty());

  public WeightBounds {
    if (low.isPresent()) {
      double bound = low.getAsDouble();
      Rules.require(bound >= 0 && Double.isFinite(bound), "low", ">= 0", bound);
    }
    if (high.isPresent()) {
      double bound = high.getAsDouble();
      Rules.require(
          bound > low.orElse(0) && Double.isFinite(bound),
          "high",
          "> low (" + low.orElse(0) + ")",
          bound);
    }
  }

  /** At most {@code high}. */
  public static WeightBounds upTo(double high) {
    return new WeightBounds(OptionalDouble.empty(), OptionalDouble.of(high));
  }

  /** Whether there is no bound at all. */
  public boolean isEmpty() {
    return low.isEmpty() && high.isEmpty();
  }

  double lowest() {
    return low.orElse(0);
  }

  double highest() {
    return high.orElse(Float.MAX_VALUE);
  }

  /** {@code [0.5, 2]}, with an open end where there is no bound. */
  @Override
  public String toString() {
    return "["
        + OptionText.of(lowest())
        + ", "
        + (high.isPresent() ? OptionText.of(high.getAsDouble()) + "]" : "inf)");
  }
}
