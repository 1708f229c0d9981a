package dev.sampo.actors.run;

import dev.sampo.protocol.GroupId;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Groups whose rewards failed, and what to do about it.
 *
 * <pre>
 *   rewards work elsewhere    the attempt speaks against the group, which is set aside when it has
 *                             failed so too often
 *   they may be out of order  nothing speaks against a group; it is asked again. When nothing could
 *                             be scored for too long, groups that failed wait until one that did
 *                             not is tried. If it fails as well, the run is over
 * </pre>
 *
 * <p>So no group is set aside because a judge is away, and none that alone fails holds up the run
 * for ever, be it the first of all.
 */
final class FailedScorings {

  /** What follows from a failure. */
  enum Consequence {
    ASK_AGAIN,
    SET_ASIDE,
    /** Nothing can be scored; the run cannot go on. */
    END_RUN
  }

  private final int maxAttempts;
  private final Map<GroupId, Integer> attempts = new HashMap<>(); // those that speak against it
  private final Set<GroupId> failing = new HashSet<>(); // since something was scored
  private Optional<Instant> since = Optional.empty(); // nothing was scored since this failure
  private boolean othersFirst;

  /**
   * Nothing has failed.
   *
   * @param maxAttempts failures that speak against a group after which it is set aside
   */
  FailedScorings(int maxAttempts) {
    this.maxAttempts = maxAttempts;
  }

  /**
   * The rewards of a group failed.
   *
   * @param isOfRow whether they work elsewhere
   * @param patience how long it is borne that nothing can be scored
   */
  Consequence failed(GroupId group, boolean isOfRow, Instant now, Duration patience) {
    if (isOfRow) {
      scored();
      boolean isTooOften = attempts.merge(group, 1, Integer::sum) >= maxAttempts;
      return isTooOften ? Consequence.SET_ASIDE : Consequence.ASK_AGAIN;
    }
    boolean isAnother = failing.add(group);
    if (othersFirst && isAnother) {
      return Consequence.END_RUN;
    }
    since = since.or(() -> Optional.of(now));
    othersFirst = lasting(now).compareTo(patience) > 0;
    return Consequence.ASK_AGAIN;
  }

  /** Something was scored. */
  void scored() {
    since = Optional.empty();
    failing.clear();
    othersFirst = false;
  }

  /** Whether a group has to wait for the scores of another one. */
  boolean isHeldBack(GroupId group) {
    return othersFirst && failing.contains(group);
  }

  /** For how long nothing could be scored. */
  Duration lasting(Instant now) {
    return since.map(first -> Duration.between(first, now)).orElse(Duration.ZERO);
  }

  /** Forgets a group that ended. */
  void forget(GroupId group) {
    attempts.remove(group);
  }
}
