package dev.sampo.actors.journal;

import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LedgerSnapshot;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** The events of one run in the order in which they happened. One writer at a time. */
public interface LedgerJournal extends AutoCloseable {

  /**
   * The newest snapshot that is whole and reaches far enough back; {@link #replay} goes on after it
   * then.
   *
   * @param oldestStep the run may go back to this step
   * @throws LedgerException if none can be read, if it is of a format that this program lacks, or
   *     if none reaches so far back and the events before it are gone
   */
  Optional<LedgerSnapshot> snapshot(long oldestStep);

  /**
   * Keeps what all events so far have come to, and the snapshot that {@link #snapshot} has found;
   * older ones are deleted.
   *
   * @param dropsEvents whether the events before the older one are deleted too
   * @throws LedgerException if it could not be written; events can still be appended
   */
  void keep(LedgerSnapshot snapshot, boolean dropsEvents);

  /**
   * Reads all events, or those after the {@link #snapshot} that was asked for; before the first
   * {@link #append}. Later it reads what this journal has written.
   *
   * @param each may refuse an event with an {@link IllegalStateException}
   * @throws LedgerException if they cannot be read or are not what was written, one was refused, or
   *     another process has written since
   */
  void replay(Consumer<LedgerEvent> each);

  /**
   * Adds events, all or none; they are durable when it returns.
   *
   * @throws LedgerException if they could not be written; if that may pass, the same events can be
   *     given again, and nothing else
   */
  void append(List<LedgerEvent> events);

  /**
   * Does what is due for opening it quickly later, and nobody has to wait for. After an {@link
   * #append} that succeeded.
   *
   * @throws LedgerException if nothing can be written any more
   */
  default void tidyUp() {}

  @Override
  void close();
}
