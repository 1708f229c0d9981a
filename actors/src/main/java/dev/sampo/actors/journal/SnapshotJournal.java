package dev.sampo.actors.journal;

import dev.sampo.actors.run.GroupLedger;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LedgerSnapshot;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A journal that takes a snapshot every so many events, when it is told to tidy up, so that opening
 * it takes as long after a year as after an hour. The snapshot is made of what the journal itself
 * says: of the one before and the events since, read back and checked, as a restart does it. One
 * that fails because the database is away is left for later; the events are durable without it.
 */
public final class SnapshotJournal implements LedgerJournal {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotJournal.class);

  private final LedgerJournal journal;
  private final Policy policy;
  private long numSince; // events since the last snapshot

  /**
   * When snapshots are taken, and what they are for.
   *
   * @param every events from one to the next
   * @param dropsEvents whether events that no kept snapshot needs are deleted
   * @param neededAfter the oldest step that the run may go back to; empty for its beginning
   */
  public record Policy(int every, boolean dropsEvents, Supplier<OptionalLong> neededAfter) {}

  /** Takes snapshots of a journal. */
  public SnapshotJournal(LedgerJournal journal, Policy policy) {
    this.journal = journal;
    this.policy = policy;
  }

  /**
   * Reads what a journal has come to, so that the run can go back to the oldest step that it may.
   * What takes a snapshot later and opens the journal later relies on the newest: one that does not
   * reach that far gives way to one that does.
   *
   * @throws LedgerException if the journal cannot be read, or does not reach as far back
   */
  public GroupLedger begin() {
    long oldest = policy.neededAfter().get().orElse(0);
    Optional<LedgerSnapshot> newest = journal.snapshot(Long.MAX_VALUE);
    boolean isShort = newest.filter(snapshot -> snapshot.oldestStep() > oldest).isPresent();
    GroupLedger groups = restore(this, oldest);
    if (isShort) {
      keep(groups.snapshot(oldest), false);
    }
    return groups;
  }

  /**
   * Reads what a journal has come to.
   *
   * @param oldestStep the run may go back to this step
   * @throws LedgerException if it cannot be read, or does not reach as far back
   */
  public static GroupLedger restore(LedgerJournal journal, long oldestStep) {
    GroupLedger groups =
        journal.snapshot(oldestStep).map(GroupLedger::of).orElseGet(GroupLedger::new);
    journal.replay(groups::apply);
    return groups;
  }

  @Override
  public Optional<LedgerSnapshot> snapshot(long oldestStep) {
    return journal.snapshot(oldestStep);
  }

  @Override
  public void keep(LedgerSnapshot snapshot, boolean dropsEvents) {
    journal.keep(snapshot, dropsEvents);
    numSince = 0;
  }

  @Override
  public void replay(Consumer<LedgerEvent> each) {
    numSince = 0;
    journal.replay(event -> {
      each.accept(event);
      numSince++;
    });
  }

  @Override
  public void append(List<LedgerEvent> events) {
    journal.append(events);
    numSince += events.size();
  }

  @Override
  public void tidyUp() {
    if (numSince < policy.every()) {
      return;
    }
    try {
      GroupLedger groups = restore(journal, Long.MAX_VALUE); // it reaches as far as at the start
      keep(groups.snapshot(policy.neededAfter().get().orElse(0)), policy.dropsEvents());
    } catch (LedgerException e) {
      if (!e.isPassing()) {
        throw e;
      }
      LOG.warn("{}; the next one comes later", e.getMessage());
      numSince = 0;
    }
  }

  @Override
  public void close() {
    journal.close();
  }
}
