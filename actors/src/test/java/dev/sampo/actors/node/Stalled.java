package dev.sampo.actors.node;

import dev.sampo.actors.journal.LedgerJournal;
import dev.sampo.actors.journal.ListedJournal;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LedgerSnapshot;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/** What blocks whoever comes, until it is closed. */
final class Stalled implements AutoCloseable {
  private final CountDownLatch closed = new CountDownLatch(1);

  /** Blocks the calling thread. */
  void stand() {
    try {
      closed.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts it", e);
    }
  }

  /** A journal that writes an optimizer step and then nothing more. */
  LedgerJournal journalAfterStep(long step) {
    return new StalledJournal(step);
  }

  @Override
  public void close() {
    closed.countDown();
  }

  private final class StalledJournal implements LedgerJournal {
    private final ListedJournal written = new ListedJournal(0);
    private final long last;
    private boolean isThere;

    StalledJournal(long last) {
      this.last = last;
    }

    @Override
    public void append(List<LedgerEvent> events) {
      if (isThere) {
        stand();
      }
      written.append(events);
      isThere =
          events.stream()
              .anyMatch(event ->
                  event instanceof LedgerEvent.StepTaken taken
                      && taken.step().version().step() == last);
    }

    @Override
    public Optional<LedgerSnapshot> snapshot(long oldestStep) {
      return written.snapshot(oldestStep);
    }

    @Override
    public void keep(LedgerSnapshot snapshot, boolean dropsEvents) {
      written.keep(snapshot, dropsEvents);
    }

    @Override
    public void replay(Consumer<LedgerEvent> each) {
      written.replay(each);
    }

    @Override
    public void close() {
      written.close();
    }
  }
}
