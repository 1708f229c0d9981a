package dev.sampo.actors.run;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Running leases whose groups the next optimizer step would make too old. The step waits for them a
 * while, then they are cancelled and their groups asked again. A group that was sent back for its
 * age before is waited for once it has tokens: the same completions would be as long again, and
 * long ones would never be learned from.
 */
public final class Stragglers {
  private final GroupLedger ledger;
  private final Leasing leasing;
  private final StalenessGate gate;
  private final int groupSize;
  private final Set<GroupId> sentBack = new HashSet<>(); // they have not ended

  Stragglers(GroupLedger ledger, Leasing leasing, StalenessGate gate, int groupSize) {
    this.ledger = ledger;
    this.leasing = leasing;
    this.gate = gate;
    this.groupSize = groupSize;
  }

  /** All of them. */
  public List<LeaseTable.Entry> all() {
    return leasing.table().matching(this::isOne);
  }

  /** Whether a lease is running and one of them. */
  public boolean contains(LeaseId lease) {
    return leasing.running(lease).filter(this::isOne).isPresent();
  }

  private boolean isOne(LeaseTable.Entry entry) {
    return gate.wouldOutgrow(entry.oldestStep(), ledger.history().step());
  }

  /** Those that a step does not wait for without bound; none is finished and being recorded. */
  public List<LeaseTable.Entry> tooSlow() {
    return leasing
        .table()
        .matching(entry ->
            isOne(entry)
                && (entry.tokens() == 0 || !sentBack.contains(entry.id().group()))
                && !ledger.isBeingRecorded(entry.id()));
  }

  /**
   * Ends the lease of one that is too slow.
   *
   * @return what is given up with it
   */
  public SentBack cancel(LeaseTable.Entry entry, String reason) {
    leasing.giveBack(entry.id(), reason);
    sentBack.add(entry.id().group());
    return SentBack.cancelled(entry.tokens(), groupSize);
  }

  /** Groups were finished and too old. */
  void wereTooOld(Collection<GroupId> groups) {
    sentBack.addAll(groups);
  }

  /** Forgets a group that ended. */
  void forget(GroupId group) {
    sentBack.remove(group);
  }
}
