package dev.sampo.learner.guard;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Counts for every rule on how many steps in a row it has held. A rule that has fired counts from 0
 * again, so that it fires as often as its steps fit into the time that it holds. A step that does
 * not have the metric, or not as a finite number, says nothing: it neither counts nor breaks the
 * row. The counts are a function of the steps alone, so that a run that goes on finds them again.
 */
public final class Guards {
  private final List<GuardRule> rules;
  private final int[] held;

  /**
   * A rule that has fired.
   *
   * @param step the step it fired at
   * @param value the value of the metric there
   */
  public record Firing(GuardRule rule, long step, double value) {
    /** What happened, in one line. */
    public String line() {
      return String.format(
          Locale.ROOT,
          "guard: %s for %d %s, %.4g at step %d",
          rule.condition(),
          rule.steps(),
          rule.steps() == 1 ? "step" : "steps in a row",
          value,
          step);
    }
  }

  /** Guards that have seen no step. */
  public Guards(List<GuardRule> rules) {
    this.rules = List.copyOf(rules);
    this.held = new int[rules.size()];
  }

  /** Whether there is any rule. */
  public boolean isEmpty() {
    return rules.isEmpty();
  }

  /**
   * Takes the next step in.
   *
   * @param metrics of the step, by name
   * @return the rules that fire, in their order
   */
  public List<Firing> check(long step, Map<String, Double> metrics) {
    List<Firing> firings = new ArrayList<>();
    for (int i = 0; i < held.length; i++) {
      GuardRule rule = rules.get(i);
      double value = metrics.getOrDefault(rule.metric(), Double.NaN);
      if (!Double.isFinite(value)) {
        continue;
      }
      held[i] = rule.holds(value) ? held[i] + 1 : 0;
      if (held[i] == rule.steps()) {
        held[i] = 0;
        firings.add(new Firing(rule, step, value));
      }
    }
    return firings;
  }
}
