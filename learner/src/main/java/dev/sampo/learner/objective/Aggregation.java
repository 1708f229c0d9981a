package dev.sampo.learner.objective;

import dev.sampo.learner.option.OptionText;
import dev.sampo.learner.option.Rules;
import java.util.OptionalInt;

/**
 * How token losses become one number.
 *
 * @param kind which mean
 * @param countEmpty whether completions without live tokens (truncated ones that are masked) count
 *     in the mean over completions
 * @param length the fixed length; empty takes the longest completion that sampling allows
 */
public record Aggregation(AggregationKind kind, boolean countEmpty, OptionalInt length) {
  public Aggregation {
    Rules.require(
        length.isEmpty() || kind == AggregationKind.FIXED_LENGTH,
        "length",
        "left out unless kind is fixed-length",
        length.orElse(0));
    Rules.require(length.orElse(1) >= 1, "length", ">= 1", length.orElse(1));
    Rules.require(
        countEmpty || kind.isOverCompletions(),
        "count-empty",
        "true where kind is " + OptionText.of(kind) + ": there is no mean over completions",
        countEmpty);
  }

  /** The kind with every completion counted. */
  public static Aggregation of(AggregationKind kind) {
    return new Aggregation(kind, true, OptionalInt.empty());
  }
}
