package dev.sampo.protocol.ledger;

/**
 * Where an entry stands in a rollout log.
 *
 * @param segment the segment file, counted from 0
 * @param offset first byte of the entry in it
 */
public record LogPlace(int segment, long offset) {
  public LogPlace {
    if (segment < 0 || offset < 0) {
      throw new IllegalArgumentException(
          "a place in a log is not negative, got segment " + segment + ", offset " + offset);
    }
  }
}
