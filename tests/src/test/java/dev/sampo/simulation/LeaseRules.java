package dev.sampo.simulation;

import dev.sampo.actors.run.LeaseEvent;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.SamplingSettings;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The rules for leases: what every attempt at a group is like, who gets one, when patience with one
 * may end, and after how many the prompt is to blame.
 */
final class LeaseRules {
  /** What an attempt consists of. */
  private record Asked(Prompt prompt, int numCompletions, SamplingSettings sampling, long seed) {}

  private final Schedule schedule;
  private final Map<GroupId, Asked> asked = new HashMap<>();
  private final Map<Long, GroupId> seeds = new HashMap<>();
  private final Map<GroupId, Integer> fruitless = new HashMap<>();
  private final Set<GroupId> cancelledForAge = new HashSet<>(); // by the present coordinator
  private final Map<String, PolicyVersion> weights = new HashMap<>();
  private Optional<Duration> stepWanted = Optional.empty();

  LeaseRules(Schedule schedule) {
    this.schedule = schedule;
  }

  /** A coordinator begins, which has not heard of any worker. */
  void restarted() {
    weights.clear();
    cancelledForAge.clear();
    stepWanted = Optional.empty();
  }

  /** A worker has said which weights it has. */
  void demanded(String worker, PolicyVersion version) {
    weights.put(worker, version);
  }

  /** The learner is ready for a step. */
  void stepWanted() {
    stepWanted = Optional.of(schedule.elapsed());
  }

  /** The learner has what it wanted. */
  void stepBegun() {
    stepWanted = Optional.empty();
  }

  /**
   * The coordinator gives a lease to a worker.
   *
   * @param counts whether what a version samples can be learned from
   * @return the rule that is broken
   */
  Optional<String> brokenByGrant(String worker, Predicate<PolicyVersion> counts) {
    PolicyVersion version = weights.get(worker);
    return version != null && counts.test(version)
        ? Optional.empty()
        : Optional.of("no lease is given to weights that do not count: %s".formatted(version));
  }

  /**
   * A lease is on its way to a worker.
   *
   * @return the rule that is broken
   */
  Optional<String> brokenBy(RolloutLease lease) {
    GroupId group = lease.id().group();
    Asked now = new Asked(lease.prompt(), lease.numCompletions(), lease.sampling(), lease.seed());
    Asked first = asked.computeIfAbsent(group, unseen -> now);
    if (!first.equals(now)) {
      return Optional.of("every attempt at a group is the same: %s, not %s".formatted(now, first));
    }
    GroupId owner = seeds.computeIfAbsent(lease.seed(), unseen -> group);
    return owner.equals(group)
        ? Optional.empty()
        : Optional.of("every group has a seed of its own: %s and %s".formatted(owner, group));
  }

  /** A lease is lost, to whichever coordinator. */
  void lost(LeaseEvent.Lost lost) {
    if (lost.reason().startsWith("no progress")) {
      fruitless.merge(lost.lease().group(), 1, Integer::sum);
    }
  }

  /**
   * A lease is lost to the present coordinator.
   *
   * @return the rule that is broken
   */
  Optional<String> brokenBy(LeaseEvent.Lost lost) {
    if (lost.reason().startsWith("too slow")
        && lost.tokens() > 0
        && !cancelledForAge.add(lost.lease().group())) {
      return Optional.of("no group that has tokens is cancelled for its age twice: " + lost);
    }
    if (lost.reason().startsWith("too slow") && !hasStepWaited()) {
      return Optional.of(
          "no group is cancelled before a step has waited for it: %s, step wanted at %s"
              .formatted(lost, stepWanted));
    }
    return Optional.empty();
  }

  private boolean hasStepWaited() {
    return stepWanted
        .filter(since -> schedule.elapsed().minus(since).compareTo(Learning.STRAGGLER_WAIT) >= 0)
        .isPresent();
  }

  /** Whether so many attempts at a group brought nothing that its prompt may be to blame. */
  boolean isHopeless(GroupId group) {
    return fruitless.getOrDefault(group, 0) >= Learning.MAX_ATTEMPTS;
  }
}
