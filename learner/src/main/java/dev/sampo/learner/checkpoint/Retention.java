package dev.sampo.learner.checkpoint;

import java.util.List;
import java.util.OptionalLong;
import java.util.SortedSet;
import java.util.stream.Stream;

/**
 * Which checkpoints stay.
 *
 * @param keep how many of the newest stay, at least 1
 * @param keepEvery checkpoints of steps that this number divides stay for good and do not count
 *     among those; 0 for none
 */
public record Retention(int keep, long keepEvery) {
  public Retention {
    if (keep < 1 || keepEvery < 0) {
      throw new IllegalArgumentException(
          "at least 1 checkpoint is kept, and every 0th or more for good, got %d and %d"
              .formatted(keep, keepEvery));
    }
  }

  /** The steps whose checkpoints may go, oldest first. */
  List<Long> expendable(SortedSet<Long> steps) {
    List<Long> passing = steps.stream().filter(step -> !isPermanent(step)).toList();
    return passing.subList(0, Math.max(passing.size() - keep, 0));
  }

  /**
   * The oldest step that a run may have to go back to. Those that stay for good are no reason to
   * remember how to go on from them, as long as there are {@code keep} newer ones.
   */
  OptionalLong oldestNeeded(SortedSet<Long> steps) {
    Stream<Long> passing = steps.stream().filter(step -> !isPermanent(step));
    Stream<Long> newest = steps.stream().skip(Math.max(steps.size() - keep, 0));
    return Stream.concat(passing, newest).mapToLong(Long::longValue).min();
  }

  private boolean isPermanent(long step) {
    return keepEvery > 0 && step % keepEvery == 0;
  }
}
