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

/** A journal in memory that outlives its writers; at times it cannot be reached. */
public final class SimulatedJournal implements LedgerJournal {
  private final List<LedgerEvent> durable = new ArrayList<>();
  private Optional<LedgerSnapshot> snapshot = Optional.empty();
  private int numBefore; // events that the snapshot stands for
  private int base; // of them those that replay leaves out
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

  /** Everything that was ever durable. */
  public List<LedgerEvent> durable() {
    return List.copyOf(durable);
  }

  @Override
  public Optional<LedgerSnapshot> snapshot(long oldestStep) {
    Optional<LedgerSnapshot> found = snapshot.filter(taken -> taken.oldestStep() <= oldestStep);
    base = found.isPresent() ? numBefore : 0;
    return found;
  }

  @Override
  public void keep(LedgerSnapshot taken, boolean dropsEvents) {
    snapshot = Optional.of(WireCodec.decodeLedgerSnapshot(WireCodec.encode(taken)));
    numBefore = durable.size();
  }

  @Override
  public void replay(Consumer<LedgerEvent> each) {
    durable.subList(base, durable.size()).forEach(each);
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
