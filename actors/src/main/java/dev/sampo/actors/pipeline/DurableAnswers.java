package dev.sampo.actors.pipeline;

import dev.sampo.protocol.ledger.LedgerEvent;
import java.util.ArrayDeque;
import java.util.Queue;
import org.apache.pekko.actor.typed.ActorRef;

/** Hands events to the journal and holds back what must not be said before they are durable. */
final class DurableAnswers {
  private static final long MOST_WAITING_EVENTS = 1_000;

  /** An answer that waits until so many events are durable. */
  private record Deferred(long numEvents, Runnable answer) {}

  private final ActorRef<JournalWriter.Command> journal;
  private final ActorRef<JournalWriter.Durable> durable;
  private final Queue<Deferred> deferred = new ArrayDeque<>();
  private long numEvents; // given to the journal
  private long numDurable; // of these

  /**
   * Nothing waits.
   *
   * @param durable told by the journal what is durable; calls {@link #durable(long)}
   */
  DurableAnswers(ActorRef<JournalWriter.Command> journal, ActorRef<JournalWriter.Durable> durable) {
    this.journal = journal;
    this.durable = durable;
  }

  void append(LedgerEvent event) {
    numEvents++;
    journal.tell(new JournalWriter.Append(event, durable));
  }

  /** Answers when all that was appended so far is durable, at once if it is; in order. */
  void whenDurable(Runnable answer) {
    deferred.add(new Deferred(numEvents, answer));
    durable(numDurable);
  }

  /** The journal has so many events on the disk. */
  void durable(long written) {
    numDurable = written;
    while (!deferred.isEmpty() && deferred.element().numEvents() <= numDurable) {
      deferred.remove().answer().run();
    }
  }

  /** Whether so much waits for the journal that no more is to be begun. */
  boolean isBehind() {
    return numEvents - numDurable >= MOST_WAITING_EVENTS;
  }
}
