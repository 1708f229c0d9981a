package dev.sampo.actors.journal;

import java.nio.file.Path;
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
          "ledger %s has %d events, and of %d that %s remembers not the last: it was cut off or replaced by another copy"
              .formatted(database, found.numEvents(), end.get().numEvents(), head));
    }
  }
}
