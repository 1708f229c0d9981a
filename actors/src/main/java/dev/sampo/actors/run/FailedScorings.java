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
 *   they may be out of order  nothing speaks against a group as long as no other one is scored; it
 *                             is asked again. When nothing could be scored for too long, groups
 *                             that failed wait until some that did not are tried. If these fail as
 *                             well, the run is over. If one is scored, those that waited are tried
 *                             once more, and set aside if they fail again
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

  /**
   * What is known of a group that fails.
   *
   * @param all its failures
   * @param ofRow those that speak against it
   * @param since its first failure
   * @param numScored what had been scored before its last failure
   */
  private record Failures(int all, int ofRow, Instant since, long numScored) {}

  private final int maxAttempts;
  private final Map<GroupId, Failures> failures = new HashMap<>();
  private final Set<GroupId> failing = new HashSet<>(); // since something was scored
  private long numScored;
  private Optional<Instant> since = Optional.empty(); // rewards have not worked since this failure
  private boolean othersFirst;
  private int othersThatFailed;

  /**
   * Nothing has failed.
   *
   * @param maxAttempts failures that speak against a group after which it is set aside; also how
   *     many groups are tried before the run is over
   */
  FailedScorings(int maxAttempts) {
    this.maxAttempts = maxAttempts;
  }

  /**
   * The rewards of a group failed.
   *
   * @param isOfRow whether they work elsewhere
   * @param patience how long it is borne that nothing, or not this group, can be scored
   */
  Consequence failed(GroupId group, boolean isOfRow, Instant now, Duration patience) {
    Failures before = failures.getOrDefault(group, new Failures(0, 0, now, numScored));
    int all = before.all() + 1;
    int ofRow = before.ofRow() + (isOfRow ? 1 : 0);
    failures.put(group, new Failures(all, ofRow, before.since(), numScored));
    if (isOfRow) {
      scored(); // elsewhere
      return ofRow >= maxAttempts ? Consequence.SET_ASIDE : Consequence.ASK_AGAIN;
    }
    boolean failsAlone = before.numScored() < numScored;
    if (failsAlone && all >= maxAttempts && isOver(before.since(), now, patience)) {
      return Consequence.SET_ASIDE;
    }
    boolean isAnother = failing.add(group);
    if (othersFirst && isAnother && ++othersThatFailed >= maxAttempts) {
      return Consequence.END_RUN;
    }
    since = since.or(() -> Optional.of(now));
    othersFirst = isOver(since.get(), now, patience);
    return Consequence.ASK_AGAIN;
  }

  private static boolean isOver(Instant since, Instant now, Duration patience) {
    return Duration.between(since, now).compareTo(patience) > 0;
  }

  /** Something was scored. */
  void scored() {
    numScored++;
    since = Optional.empty();
    failing.clear();
    othersFirst = false;
    othersThatFailed = 0;
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
    failures.remove(group);
  }
}
