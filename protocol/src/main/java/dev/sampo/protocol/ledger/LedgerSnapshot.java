package dev.sampo.protocol.ledger;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.PolicyVersion;
import java.util.List;
import java.util.Optional;

/**
 * What the events of a ledger have come to, so that they need not be applied again. Groups that
 * have ended for good are counted only: its size depends on what a run has open and on the steps
 * that it may go back to, not on how long it has been going on.
 *
 * @param run the first event
 * @param terms in order
 * @param versions the versions that count, by step without a gap, from the one of the oldest step
 *     that the run may go back to
 * @param published the newest version that the workers were told of
 * @param numGroups visits of rows so far
 * @param settled the groups that are not among {@code groups}: they ended for good
 * @param numReplaced groups that ended as filtered since the last step
 * @param numSkipped steps left out since the last step
 * @param lastSegment number of the last segment of the recording that a result was in; 0 if none
 *     was
 * @param groups those that have not, and those that end otherwise if their step is abandoned; in
 *     order
 */
public record LedgerSnapshot(
    LedgerEvent.RunOpened run,
    List<LedgerEvent.TermOpened> terms,
    List<PolicyVersion> versions,
    Optional<PolicyVersion> published,
    long numGroups,
    Settled settled,
    int numReplaced,
    int numSkipped,
    int lastSegment,
    List<Group> groups) {
  /** The format that this code writes and reads. */
  public static final int FORMAT = 1;

  public LedgerSnapshot {
    terms = List.copyOf(terms);
    versions = List.copyOf(versions);
    groups = List.copyOf(groups);
    if (settled.total() + groups.size() != numGroups) {
      throw new IllegalArgumentException(
          "%d settled groups and %d others are not %d"
              .formatted(settled.total(), groups.size(), numGroups));
    }
  }

  /** The oldest step that a run can go back to with what is said here. */
  public long oldestStep() {
    return versions.isEmpty() ? 0 : versions.getFirst().step();
  }

  /** How many groups ended for good, and how. */
  public record Settled(int trained, int filtered, int setAside) {
    public long total() {
      return (long) trained + filtered + setAside;
    }
  }

  /** A group and its state. */
  public sealed interface Group {
    GroupId id();

    /**
     * It is to be asked.
     *
     * @param source where its row is, where that is known
     */
    record Waiting(GroupId id, Optional<String> source) implements Group {}

    /** Its result waits for the learner. */
    record Accepted(LedgerEvent.GroupAccepted result, Optional<String> source) implements Group {
      @Override
      public GroupId id() {
        return result.group();
      }
    }

    /** A step that may be abandoned was trained on it. */
    record Trained(GroupId id, long step) implements Group {}
  }
}
