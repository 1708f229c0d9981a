package dev.sampo.actors.journal;

import dev.sampo.protocol.ledger.LedgerEvent;
import java.util.List;
import java.util.function.Consumer;

/** The events of one run in the order in which they happened. One writer at a time. */
public interface LedgerJournal extends AutoCloseable {

  /**
   * Reads all events, before the first {@link #append}.
   *
   * @throws LedgerException if they cannot be read or are not what was written
   */
  void replay(Consumer<LedgerEvent> each);

  /**
   * Adds events, all or none; they are durable when it returns.
   *
   * @throws LedgerException if they could not be written; if that may pass, the same events can be
   *     given again, and nothing else
   */
  void append(List<LedgerEvent> events);

  @Override
  void close();
}
