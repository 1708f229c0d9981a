package dev.sampo.config;

import java.time.Duration;

/**
 * How long a rollout worker may be silent about a group it was given.
 *
 * @param patience without progress for this long a lease expires and the next worker gets the
 *     prompt
 * @param maxAttempts after this many leases without progress the prompt is set aside
 */
public record LeaseSettings(Duration patience, int maxAttempts) {
  public LeaseSettings {
    Require.that(patience.isPositive(), "patience", "> 0s", patience);
    Require.that(maxAttempts >= 1, "max-attempts", ">= 1", maxAttempts);
  }
}
