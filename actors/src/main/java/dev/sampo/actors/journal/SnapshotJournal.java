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
 * A journal that takes a snapshot every so many events, so that opening it takes as long after a
 * year as after an hour. The snapshot is made of what the journal itself says: of the one before
 * and the events since, read back and checked, as a restart does it. One that fails because the
 * database is away is left for later; the events are durable without it.
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

  /** Reads what a journal has come to. */
  public static GroupLedger restore(LedgerJournal journal) {
    GroupLedger groups = journal.snapshot().map(GroupLedger::of).orElseGet(GroupLedger::new);
    try {
      journal.replay(groups::apply);
    } catch (IllegalStateException e) {
      throw LedgerException.lasting("the ledger contradicts itself: " + e.getMessage(), e);
    }
    return groups;
  }

  @Override
  public Optional<LedgerSnapshot> snapshot() {
    return journal.snapshot();
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
    if (numSince >= policy.every()) {
      takeSnapshot();
    }
  }

  private void takeSnapshot() {
    try {
      keep(restore(journal).snapshot(policy.neededAfter().get().orElse(0)), policy.dropsEvents());
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
