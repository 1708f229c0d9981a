package dev.sampo.actors.journal;

import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LedgerSnapshot;
import dev.sampo.protocol.wire.WireCodec;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A writer of a ledger in memory, which outlives its writers; at times it cannot be reached. A
 * writer behind whose back another one has written is refused, as {@link JdbcJournal} does it.
 */
public final class SimulatedJournal implements LedgerJournal {

  /** What all writers share. */
  private static final class Database {
    final List<LedgerEvent> events = new ArrayList<>();
    Optional<LedgerSnapshot> snapshot = Optional.empty();
    int numBefore; // events that the snapshot stands for
    final BooleanSupplier isLost;
    final Consumer<LedgerEvent> onDurable;

    Database(BooleanSupplier isLost, Consumer<LedgerEvent> onDurable) {
      this.isLost = isLost;
      this.onDurable = onDurable;
    }

    /** Nothing is ever changed in it, so that numbers say it all. */
    LedgerHead.Mark end() {
      return new LedgerHead.Mark(events.size(), 0);
    }
  }

  private final Database database;
  private int base; // events that replay leaves out
  private LedgerHead.Mark written = LedgerHead.Mark.START;
  private boolean isRead;

  /**
   * The writer of a journal without events.
   *
   * @param isLost whether the database is out of reach
   * @param onDurable told of every event when it is durable
   */
  public SimulatedJournal(BooleanSupplier isLost, Consumer<LedgerEvent> onDurable) {
    this(new Database(isLost, onDurable));
  }

  private SimulatedJournal(Database database) {
    this.database = database;
  }

  /** Another writer of the same ledger, which has not read it. */
  public SimulatedJournal another() {
    return new SimulatedJournal(database);
  }

  /** Everything that was ever durable. */
  public List<LedgerEvent> durable() {
    return List.copyOf(database.events);
  }

  @Override
  public Optional<LedgerSnapshot> snapshot(long oldestStep) {
    Optional<LedgerSnapshot> found =
        database.snapshot.filter(taken -> taken.oldestStep() <= oldestStep);
    base = found.isPresent() ? database.numBefore : 0;
    return found;
  }

  @Override
  public void keep(LedgerSnapshot taken, boolean dropsEvents) {
    requirePlace();
    database.snapshot = Optional.of(WireCodec.decodeLedgerSnapshot(WireCodec.encode(taken)));
    database.numBefore = database.events.size();
  }

  @Override
  public void replay(Consumer<LedgerEvent> each) {
    if (isRead) {
      requirePlace();
    }
    database.events.subList(base, database.events.size()).forEach(each);
    written = database.end();
    isRead = true;
  }

  @Override
  public void append(List<LedgerEvent> events) {
    if (database.isLost.getAsBoolean()) {
      throw LedgerException.passing("the database is gone", new SQLException("gone"));
    }
    requirePlace();
    database.events.addAll(events);
    written = database.end();
    events.forEach(database.onDurable);
  }

  private void requirePlace() {
    if (!written.isStillTheEnd(database.end())) {
      throw LedgerException.lasting(
          "another process goes on with the run", new SQLException("after " + written));
    }
  }

  @Override
  public void close() {}
}
