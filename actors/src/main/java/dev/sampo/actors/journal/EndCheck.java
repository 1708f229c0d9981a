package dev.sampo.actors.journal;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Optional;

/** Compares a ledger, while it is read, with the end that a {@link LedgerHead} remembers. */
final class EndCheck {
  private final String database;
  private final Path head;
  private final Optional<LedgerHead.Mark> remembered;

  EndCheck(String database, Path head, Optional<LedgerHead.Mark> remembered) {
    this.database = database;
    this.head = head;
    this.remembered = remembered;
  }

  /**
   * Takes note of where the reading begins.
   *
   * @param markAt where the ledger was after so many events
   * @throws LedgerException if the end that is remembered is before it, and not found there
   */
  void begun(LedgerHead.Mark base, MarkAt markAt) throws SQLException {
    passed(base);
    if (remembered.isPresent() && remembered.get().numEvents() < base.numEvents()) {
      long numEvents = remembered.get().numEvents();
      require(remembered, markAt.find(numEvents).orElse(base));
    }
  }

  /** Looks up where a ledger was after some events; empty if these are not there any more. */
  @FunctionalInterface
  interface MarkAt {
    Optional<LedgerHead.Mark> find(long numEvents) throws SQLException;
  }

  /**
   * Takes note of where the ledger ends with one of its events.
   *
   * @throws LedgerException if it is not the event that is remembered as the last
   */
  void passed(LedgerHead.Mark mark) {
    require(remembered.filter(end -> end.numEvents() == mark.numEvents()), mark);
  }

  /**
   * Takes note of where the ledger ends.
   *
   * @throws LedgerException if more events are remembered
   */
  void reached(LedgerHead.Mark mark) {
    require(remembered.filter(end -> end.numEvents() > mark.numEvents()), mark);
  }

  private void require(Optional<LedgerHead.Mark> end, LedgerHead.Mark found) {
    if (end.isPresent() && !end.get().equals(found)) {
      throw LedgerException.lasting(
          "ledger %s has %d events, and of %d that %s remembers not the last: it was cut off or replaced by another copy; %s"
              .formatted(
                  database,
                  found.numEvents(),
                  end.get().numEvents(),
                  head,
                  LedgerException.WAYS_OUT));
    }
  }
}
