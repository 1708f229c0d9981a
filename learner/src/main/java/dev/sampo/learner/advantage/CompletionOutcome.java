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
 */
public record CompletionOutcome(
    OptionalDouble total, Map<String, Double> rewards, int numTokens, boolean truncated) {
  public CompletionOutcome {
    rewards = Map.copyOf(rewards);
  }
}
