package dev.sampo.protocol;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * The outcomes of all reward functions for one completion.
 *
 * @param outcomes by reward name, in the configured order
 * @param total the weighted sum of the scored outcomes; empty when none was scored or one that
 *     belongs in the sum failed, and then the completion counts neither in the group's mean nor in
 *     the loss
 */
public record CompletionScore(Map<String, RewardOutcome> outcomes, OptionalDouble total) {
  public CompletionScore {
    outcomes = Collections.unmodifiableMap(new LinkedHashMap<>(outcomes));
  }
}
