package dev.sampo.simulation;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * The lives of the learner's node. The present one is the one that has read the ledger last; those
 * before it may go on without knowing that they are over, and so may the present one, when one of
 * them writes before it does.
 */
final class Lives {
  private final Map<Place, Integer> known = new HashMap<>(); // events read or written by a life
  private Set<Place> present = Set.of();
  private int numDurable;

  /**
   * A life has read everything that is durable.
   *
   * @param trainer where it computes
   */
  void begin(Place place, Place trainer) {
    known.put(place, numDurable);
    known.put(trainer, numDurable);
    present = Set.of(place, trainer);
  }

  /** An event is durable. */
  void written(Place by) {
    known.computeIfPresent(by, (life, events) -> events + 1);
    numDurable++;
  }

  /** Whether what is done at a place is done by a life that is over. */
  boolean isOver(Place place) {
    return known.containsKey(place) && !present.contains(place);
  }

  /** Whether another life has written what this one does not know. */
  boolean isOvertaken(Place place) {
    return known.getOrDefault(place, numDurable) < numDurable;
  }
}
