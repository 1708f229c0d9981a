package dev.sampo.protocol;

import java.time.Duration;

/**
 * Permission, and duty, to generate one group.
 *
 * @param id which attempt at which group
 * @param prompt what to ask
 * @param numCompletions the group size G
 * @param sampling how to sample
 * @param seed seed of the group; completion {@code i} samples from {@code (seed, i)}
 * @param minimumStep the worker must hold weights of at least this optimizer step before it starts
 * @param patience the lease expires when no progress is reported for this long
 */
public record RolloutLease(
    LeaseId id,
    Prompt prompt,
    int numCompletions,
    SamplingSettings sampling,
    long seed,
    long minimumStep,
    Duration patience) {
  public RolloutLease {
    if (numCompletions < 1) {
      throw new IllegalArgumentException(
          "a group has at least 1 completion, got " + numCompletions);
    }
  }
}
