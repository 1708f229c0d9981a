package dev.sampo.actors.run;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Groups whose rewards failed. Whether the prompt or the reward is to blame, only other groups can
 * tell: an attempt speaks against its group when a group was leased and scored since the attempt
 * before, so that a judge that is away for a while costs no prompt.
 */
final class FailedScorings {
  /**
   * What happened to a group.
   *
   * @param attempts those that speak against it
   * @param granted how many leases had been granted at the last of them
   */
  private record Failed(int attempts, long granted) {}

  private record Granted(LeaseId lease, long number) {}

  private final Map<GroupId, Failed> failed = new HashMap<>();
  private final Set<GroupId> failing = new HashSet<>(); // since something was scored
  private final Map<GroupId, Granted> last = new HashMap<>(); // lease of each group
  private long granted;
  private long newestScored; // number of a lease
  private Optional<Instant> since = Optional.empty(); // nothing was scored since this failure

  /**
   * The rewards of a group failed.
   *
   * @return how many attempts speak against it now
   */
  int failed(GroupId group, Instant now) {
    since = since.or(() -> Optional.of(now));
    failing.add(group);
    Failed after =
        failed.merge(
            group,
            new Failed(1, granted),
            (before, next) ->
                new Failed(before.attempts() + (before.granted() < newestScored ? 1 : 0), granted));
    return after.attempts();
  }

  /** A lease was granted. */
  void granted(LeaseId lease) {
    granted++;
    last.put(lease.group(), new Granted(lease, granted));
  }

  /** A group was scored. */
  void scored(LeaseId lease) {
    Granted of = last.get(lease.group());
    if (of != null && of.lease().equals(lease)) {
      newestScored = Math.max(newestScored, of.number());
    }
    since = Optional.empty();
    failing.clear();
  }

  /** How many groups failed since something was scored. */
  int numFailing() {
    return failing.size();
  }

  /** For how long every reward has failed. */
  Duration lasting(Instant now) {
    return since.map(first -> Duration.between(first, now)).orElse(Duration.ZERO);
  }

  /** Forgets a group that ended. */
  void forget(GroupId group) {
    failed.remove(group);
    last.remove(group);
  }
}
