package dev.sampo.actors.journal;

import dev.sampo.protocol.ledger.LedgerEvent;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** A journal in memory that outlives its writers; at times it cannot be reached. */
public final class SimulatedJournal implements LedgerJournal {
  private final List<LedgerEvent> durable = new ArrayList<>();
  private final BooleanSupplier isLost;
  private final Consumer<LedgerEvent> onDurable;

  /**
   * A journal without events.
   *
   * @param isLost whether the database is out of reach
   * @param onDurable told of every event when it is durable
   */
  public SimulatedJournal(BooleanSupplier isLost, Consumer<LedgerEvent> onDurable) {
    this.isLost = isLost;
    this.onDurable = onDurable;
  }

  @Override
  public void replay(Consumer<LedgerEvent> each) {
    durable.forEach(each);
  }

  @Override
  public void append(List<LedgerEvent> events) {
    if (isLost.getAsBoolean()) {
      throw LedgerException.passing("the database is gone", new SQLException("gone"));
    }
    durable.addAll(events);
    events.forEach(onDurable);
  }

  @Override
  public void close() {}
}
