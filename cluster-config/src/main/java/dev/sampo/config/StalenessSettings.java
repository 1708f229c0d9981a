package dev.sampo.config;

import java.time.Duration;

/**
 * How old a group may be when the learner trains on it.
 *
 * @param max optimizer steps between the oldest token of a group and the step that trains on it; 0
 *     is the synchronous algorithm
 * @param maxWait how long the learner holds a step back for a running group that the step would
 *     make too old, before the group is cancelled and its prompt leased again
 */
public record StalenessSettings(int max, Duration maxWait) {
  public StalenessSettings {
    Require.that(max >= 0, "max", ">= 0", max);
    Require.that(!maxWait.isNegative(), "max-wait", ">= 0s", maxWait);
  }
}
