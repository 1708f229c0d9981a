package dev.sampo.protocol;

/**
 * One attempt at one group, granted by one coordinator incarnation. Results that carry an older
 * term or attempt are acknowledged and discarded.
 *
 * @param term the term of the coordinator that granted the lease, from 1
 * @param group the group to generate
 * @param attempt which attempt at the group this is, from 1
 */
public record LeaseId(long term, GroupId group, int attempt) {
  public LeaseId {
    if (term < 1 || attempt < 1) {
      throw new IllegalArgumentException(
          "term and attempt of a lease start at 1, got term " + term + ", attempt " + attempt);
    }
  }
}
