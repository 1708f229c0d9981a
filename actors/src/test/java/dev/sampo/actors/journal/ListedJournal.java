package dev.sampo.actors.journal;

import dev.sampo.actors.run.GroupLedger;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LedgerSnapshot;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** A journal in memory, for runs that nobody goes on with; it can be lost for a while. */
public final class ListedJournal implements LedgerJournal {
  private final List<List<LedgerEvent>> transactions = new CopyOnWriteArrayList<>();
  private final AtomicInteger failures;
  private volatile boolean closed;

  /** One whose first writes fail. */
  public ListedJournal(int failures) {
    this.failures = new AtomicInteger(failures);
  }

  /** A ledger in which nothing has happened. */
  public static RunLedger ledger() {
    return new RunLedger(new ListedJournal(0), new GroupLedger());
  }

  @Override
  public Optional<LedgerSnapshot> snapshot(long oldestStep) {
    return Optional.empty();
  }

  @Override
  public void keep(LedgerSnapshot snapshot, boolean dropsEvents) {
    throw new UnsupportedOperationException("nobody goes on with it");
  }

  @Override
  public void replay(Consumer<LedgerEvent> each) {
    transactions.forEach(events -> events.forEach(each));
  }

  @Override
  public void append(List<LedgerEvent> more) {
    if (failures.getAndDecrement() > 0) {
      throw LedgerException.passing("the database is gone", new SQLException("gone"));
    }
    transactions.add(List.copyOf(more));
  }

  /** What was written, by transaction. */
  public List<List<LedgerEvent>> transactions() {
    return transactions;
  }

  public boolean isClosed() {
    return closed;
  }

  @Override
  public void close() {
    closed = true;
  }
}
