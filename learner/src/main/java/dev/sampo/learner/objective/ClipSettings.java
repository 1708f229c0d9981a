package dev.sampo.learner.objective;

import dev.sampo.learner.option.Rules;
import java.util.OptionalDouble;

/**
 * Bounds of the clipped objective.
 *
 * @param low the ratio counts down to {@code 1 - low}
 * @param high the ratio counts up to {@code 1 + high}; another value than {@code low} is DAPO's
 *     clip-higher
 * @param delta bound of the unclipped ratio, above {@code 1 + high}: bounds the loss of a token
 *     with a negative advantage (two-sided clip, INTELLECT-2)
 * @param dual {@code c}: the loss of a token with a negative advantage is at most {@code c |A|}
 *     (dual clip, Ye et al. 2020)
 */
public record ClipSettings(double low, double high, OptionalDouble delta, OptionalDouble dual) {
  public ClipSettings {
    Rules.require(low > 0 && low <= 1, "low", "in (0, 1]", low);
    Rules.require(high > 0 && Double.isFinite(high), "high", "> 0", high);
    if (delta.isPresent()) {
      double bound = delta.getAsDouble();
      Rules.require(
          bound > 1 + high && Double.isFinite(bound),
          "delta",
          "> 1 + high (" + (1 + high) + ")",
          bound);
    }
    if (dual.isPresent()) {
      double bound = dual.getAsDouble();
      Rules.require(bound > 1 && Double.isFinite(bound), "dual", "> 1", bound);
    }
  }

  /** The clip without further bounds. */
  public static ClipSettings between(double low, double high) {
    return new ClipSettings(low, high, OptionalDouble.empty(), OptionalDouble.empty());
  }
}
