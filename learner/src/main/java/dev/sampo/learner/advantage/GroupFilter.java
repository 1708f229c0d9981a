package dev.sampo.learner.advantage;

import dev.sampo.learner.option.Rules;
import java.util.OptionalDouble;

/**
 * What is left out of an update.
 *
 * @param minStd a group whose scores have a standard deviation of this or less is left out: it
 *     carries no signal (DAPO, arXiv:2503.14476, equation 11); 0 leaves out groups with equal
 *     scores only, empty keeps all
 * @param minMean a group whose mean score is this or less is left out
 * @param maxMean a group whose mean score is this or more is left out
 * @param truncated completions that sampling cut off have no live tokens; their scores still count
 *     in the group (DAPO's overlong filtering)
 */
public record GroupFilter(
    OptionalDouble minStd, OptionalDouble minMean, OptionalDouble maxMean, boolean truncated) {
  /** Everything is used. */
  public static final GroupFilter NONE =
      new GroupFilter(
          OptionalDouble.empty(), OptionalDouble.empty(), OptionalDouble.empty(), false);

  public GroupFilter {
    double std = minStd.orElse(0);
    Rules.require(std >= 0 && Double.isFinite(std), "min-std", ">= 0", std);
    double low = minMean.orElse(0);
    Rules.require(Double.isFinite(low), "min-mean", "a finite number", low);
    double high = maxMean.orElse(0);
    Rules.require(Double.isFinite(high), "max-mean", "a finite number", high);
    Rules.require(
        minMean.isEmpty() || maxMean.isEmpty() || low < high,
        "max-mean",
        "> min-mean (" + low + ")",
        high);
  }
}
