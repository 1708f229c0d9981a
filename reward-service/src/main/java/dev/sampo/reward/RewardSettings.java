package dev.sampo.reward;

import dev.sampo.tasks.DurationText;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which rewards a run uses and how long they may take.
 *
 * @param functions reward functions; the total is the weighted sum of their scores
 * @param timeout longest time of one attempt at one judgement
 * @param attempts how often a judgement that throws or takes too long is tried, at least 1
 * @param parallelism judgements at a time on one node, at least 1
 */
public record RewardSettings(
    List<WeightedReward> functions, Duration timeout, int attempts, int parallelism) {

  /**
   * A reward function in use.
   *
   * @param name as the registry knows it
   * @param weight factor of its score in the total; negative for a penalty
   */
  public record WeightedReward(String name, double weight) {
    public WeightedReward {
      require(!name.isBlank(), "name must not be empty");
      require(Double.isFinite(weight), "weight must be a finite number, got " + weight);
    }
  }

  public RewardSettings {
    functions = List.copyOf(functions);
    require(!functions.isEmpty(), "functions must name at least 1 reward function");
    Set<String> names = new HashSet<>();
    for (WeightedReward function : functions) {
      require(names.add(function.name()), "functions names " + function.name() + " twice");
    }
    require(timeout.isPositive(), "timeout must be > 0s, got " + DurationText.of(timeout));
    require(attempts >= 1, "attempts must be >= 1, got " + attempts);
    require(parallelism >= 1, "parallelism must be >= 1, got " + parallelism);
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }
}
