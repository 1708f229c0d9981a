package dev.sampo.protocol.ledger;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.StepCommitted;
import java.util.List;
import java.util.Optional;

/**
 * Something that a run must remember to go on exactly. Applied in order the events are the state of
 * the run. They are small: what a group holds is in the rollout log, an event says where. Leases
 * are not among them; one that is lost is granted again.
 */
public sealed interface LedgerEvent {

  /**
   * The first event of a ledger.
   *
   * @param seed seed of the run, of which the seeds of its groups are functions
   * @param settings fingerprint of the settings that decide what the run ends in
   */
  record RunOpened(String runId, long seed, String settings) implements LedgerEvent {}

  /**
   * A coordinator began, or began again.
   *
   * @param term its term, from 1, larger than every one before; part of the leases that it grants
   * @param from the version that the learner holds; its term is the learner's
   * @param abandonedSteps committed steps after {@code from} that the learner could not take again,
   *     in order; their groups are asked again
   */
  record TermOpened(long term, PolicyVersion from, List<Long> abandonedSteps)
      implements LedgerEvent {
    public TermOpened {
      abandonedSteps = List.copyOf(abandonedSteps);
      if (term < 1) {
        throw new IllegalArgumentException("a term is at least 1, got " + term);
      }
      for (int i = 0; i < abandonedSteps.size(); i++) {
        if (abandonedSteps.get(i) != from.step() + 1 + i) {
          throw new IllegalArgumentException(
              "steps abandoned after step %d follow it without a gap, got %s"
                  .formatted(from.step(), abandonedSteps));
        }
      }
    }
  }

  /** An event of one group. */
  sealed interface OfGroup extends LedgerEvent {
    GroupId group();
  }

  /**
   * A row of the data was visited; its group waits. The group's id is the ordinal of the visit, so
   * the newest of these events is the data cursor.
   *
   * @param source where the row is, {@code file:line}; another one there later is other data
   */
  record GroupOpened(GroupId group, String source) implements OfGroup {}

  /**
   * A scored result is durable and waits for the learner. Again for the same lease: it was recorded
   * once more, and that record counts.
   *
   * @param lease the attempt that won
   * @param oldestStep step of the oldest policy that sampled a token of it
   * @param newestStep step of the newest one
   * @param place where it is recorded; empty when the run records nothing
   */
  record GroupAccepted(LeaseId lease, long oldestStep, long newestStep, Optional<LogPlace> place)
      implements OfGroup {
    @Override
    public GroupId group() {
      return lease.group();
    }
  }

  /** An accepted result will not be learned from; the prompt is asked again. */
  record GroupReturned(GroupId group, String reason) implements OfGroup {}

  /** An accepted group has nothing to learn from; another one takes its place. */
  record GroupFiltered(GroupId group, String reason) implements OfGroup {}

  /** The group cannot be generated, scored or learned from. */
  record GroupSetAside(GroupId group, String reason) implements OfGroup {}

  /**
   * The learner took a step, which ends its groups as trained. Durable before the version is
   * published.
   *
   * @param settings fingerprint of the settings that decide what the step ends in
   */
  record StepTaken(StepCommitted step, String settings) implements LedgerEvent {}

  /**
   * The learner left a step out, because something in it was not finite; events of its groups
   * follow.
   *
   * @param step number that it would have had
   */
  record StepSkipped(long step, String reason) implements LedgerEvent {}

  /** The version was announced to the rollout workers. */
  record VersionPublished(PolicyVersion version) implements LedgerEvent {}
}
