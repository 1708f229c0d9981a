package dev.sampo.learner.guard;

import java.util.Optional;

/**
 * A rule over one metric. Exactly one of {@code below} and {@code above} is given.
 *
 * @param metric its name in {@code metrics.jsonl}
 * @param below the rule holds on a step with a smaller value
 * @param above the rule holds on a step with a larger value
 * @param steps it fires when it has held on this many steps in a row
 * @param action what follows then
 */
public record GuardRule(
    String metric, Optional<Double> below, Optional<Double> above, int steps, GuardAction action) {
  public GuardRule {
    if (!StepMetrics.isOne(metric)) {
      throw new IllegalArgumentException(
          "metric must be one that docs/algorithms.md lists, got \"" + metric + "\"");
    }
    if (below.isPresent() == above.isPresent()) {
      throw new IllegalArgumentException(
          "a rule has either below or above, that of %s has %s"
              .formatted(metric, below.isPresent() ? "both" : "none"));
    }
    if (steps < 1) {
      throw new IllegalArgumentException("steps must be >= 1, got " + steps);
    }
  }

  boolean holds(double value) {
    return below.map(bound -> value < bound).orElse(true)
        && above.map(bound -> value > bound).orElse(true);
  }

  /** Such as {@code entropy below 0.05}. */
  String condition() {
    return metric
        + below.map(bound -> " below " + bound).orElse("")
        + above.map(bound -> " above " + bound).orElse("");
  }
}
