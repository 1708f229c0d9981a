package dev.sampo.learner.advantage;

import java.util.Map;
import java.util.OptionalDouble;

/**
 * What advantages need to know of a completion.
 *
 * @param total the weighted sum of its rewards; empty when none scored it
 * @param rewards the scores by reward function, without those that did not score it
 * @param numTokens its length
 * @param truncated whether sampling cut it off
 * @param divergence what its divergence from the reference model takes from its score, once filters
 *     have looked at it
 */
public record CompletionOutcome(
    OptionalDouble total,
    Map<String, Double> rewards,
    int numTokens,
    boolean truncated,
    double divergence) {
  public CompletionOutcome {
    rewards = Map.copyOf(rewards);
  }

  /** One that loses nothing. */
  public CompletionOutcome(
      OptionalDouble total, Map<String, Double> rewards, int numTokens, boolean truncated) {
    this(total, rewards, numTokens, truncated, 0);
  }
}
