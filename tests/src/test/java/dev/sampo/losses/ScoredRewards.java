package dev.sampo.losses;

import dev.sampo.learner.advantage.CompletionOutcome;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Rewards of a case as the learner gets them.
 *
 * @param outcomes one per completion
 * @param weights of the reward functions
 */
record ScoredRewards(List<CompletionOutcome> outcomes, Map<String, Double> weights) {

  /** One reward; the mask gives the lengths where there is one. */
  static ScoredRewards single(List<OptionalDouble> rewards, double[][] mask) {
    List<CompletionOutcome> outcomes = new ArrayList<>();
    for (int i = 0; i < rewards.size(); i++) {
      int length = i < mask.length ? (int) Arrays.stream(mask[i]).sum() : 1;
      outcomes.add(new CompletionOutcome(rewards.get(i), Map.of(), length, false));
    }
    return new ScoredRewards(outcomes, Map.of());
  }

  /** Several rewards with their weighted sum, of which null is left out. */
  static ScoredRewards of(Fields inputs) {
    List<List<OptionalDouble>> rows = inputs.optionalRows("rewards_per_func");
    double[] weights =
        inputs.has("reward_weights")
            ? inputs.vector("reward_weights")
            : rows.getFirst().stream().mapToDouble(r -> 1).toArray();
    if (rows.stream().anyMatch(row -> row.size() != weights.length)) {
      throw new UnsupportedCaseException("rewards of a row and reward_weights differ in number");
    }
    Map<String, Double> byName = new HashMap<>();
    for (int f = 0; f < weights.length; f++) {
      byName.put("f" + f, weights[f]);
    }
    List<CompletionOutcome> outcomes = new ArrayList<>();
    for (List<OptionalDouble> row : rows) {
      Map<String, Double> rewards = new HashMap<>();
      double total = 0;
      for (int f = 0; f < row.size(); f++) {
        if (row.get(f).isPresent()) {
          rewards.put("f" + f, row.get(f).getAsDouble());
          total += weights[f] * row.get(f).getAsDouble();
        }
      }
      outcomes.add(
          new CompletionOutcome(
              rewards.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(total),
              rewards,
              1,
              false));
    }
    return new ScoredRewards(outcomes, byName);
  }
}
