package dev.sampo.simulation;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.ledger.LedgerEvent;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The rules for groups that are accepted: they stay so, over restarts too, until they are learned
 * from or there is a reason to ask again; and what a batch consists of.
 */
final class KeptRules {
  /** The buffer waits longer than this until it takes back a group that nobody was told of. */
  private static final Duration PATIENCE_AT_LEAST = Duration.ofSeconds(5);

  private final Scenario scenario;
  private final Schedule schedule;
  private final Map<LeaseId, Duration> acceptedAt = new HashMap<>(); // in the present life
  private final Set<LeaseId> told = new HashSet<>();
  private final Set<GroupId> leftOut = new HashSet<>();

  KeptRules(Scenario scenario, Schedule schedule) {
    this.scenario = scenario;
    this.schedule = schedule;
  }

  /** The learner's node begins with what is durable. */
  void restarted() {
    acceptedAt.clear();
    leftOut.clear();
  }

  /** The coordinator accepts a group. */
  void accepted(LeaseId lease) {
    acceptedAt.put(lease, schedule.elapsed());
  }

  /** A worker was told that its group is accepted for sure. */
  void told(LeaseId lease) {
    told.add(lease);
  }

  /** The trainer could not learn from a batch. */
  void leftOut(List<GroupId> batch) {
    leftOut.addAll(batch);
  }

  /**
   * An accepted group is to be asked again.
   *
   * @param winner what was accepted
   * @param step that the learner is at
   * @return the rule that is broken
   */
  Optional<String> brokenByReturnOf(LedgerEvent.GroupAccepted winner, long step) {
    boolean isTooOld = step - winner.oldestStep() > scenario.maxStaleness();
    boolean wasLeftOut = leftOut.remove(winner.group());
    return isTooOld || wasLeftOut || mayHaveTakenTooLong(winner.lease())
        ? Optional.empty()
        : Optional.of("what is accepted and recorded is kept: %s".formatted(winner));
  }

  private boolean mayHaveTakenTooLong(LeaseId lease) {
    Duration since = acceptedAt.get(lease);
    return since != null
        && !told.contains(lease)
        && schedule.elapsed().minus(since).compareTo(PATIENCE_AT_LEAST) > 0;
  }

  /**
   * The trainer gets a batch.
   *
   * @param open the groups that have not ended, in order
   * @return the rule that is broken
   */
  Optional<String> brokenBy(List<ScoredGroup> batch, List<GroupId> open) {
    List<GroupId> groups = batch.stream().map(ScoredGroup::id).toList();
    if (!groups.equals(groups.stream().sorted(Comparator.naturalOrder()).distinct().toList())) {
      return Optional.of("a batch is in the order of its groups: %s".formatted(groups));
    }
    if (scenario.maxStaleness() > 0 || groups.isEmpty()) {
      return Optional.empty();
    }
    List<GroupId> passedOver =
        open.stream()
            .takeWhile(group -> !group.equals(groups.getLast()))
            .filter(group -> !groups.contains(group) && !hasNoPlace(group))
            .toList();
    return passedOver.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "without staleness a batch is the next groups: %s without %s"
                .formatted(groups, passedOver));
  }

  private boolean hasNoPlace(GroupId group) {
    boolean isReplaced = scenario.maxExtra() > 0 && scenario.isUseless(group);
    return isReplaced || scenario.failureOf(group).isPresent();
  }
}
