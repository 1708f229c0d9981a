package dev.sampo.actors.pipeline;

import dev.sampo.actors.journal.LedgerException;
import dev.sampo.actors.journal.LedgerJournal;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.tasks.DurationText;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.Signal;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * Makes the events of the ledger durable, in order; runs on a thread that may wait for them. Events
 * that wait while others are written go into one transaction together. What cannot be written is
 * tried again for a while; then the actor fails, and with it the run.
 *
 * <p>Edge <i>Durable</i>: the coordinator waits before it answers; how many events wait is up to
 * it.
 */
public final class JournalWriter extends AbstractMatchingBehavior<JournalWriter.Command> {

  /** What the writer understands. */
  public sealed interface Command {}

  /** Add an event. */
  record Append(LedgerEvent event, ActorRef<Durable> replyTo) implements Command {}

  private record Write() implements Command {}

  private record TidyUp() implements Command {}

  /**
   * Events are durable.
   *
   * @param numEvents how many, of those that the writer was given
   */
  record Durable(long numEvents) {}

  /**
   * How a lost database is met.
   *
   * @param attempts how often a transaction is tried, at least 1
   * @param pause between two attempts
   */
  public record Patience(int attempts, Duration pause) {}

  private final TimerScheduler<Command> timers;
  private final LedgerJournal journal;
  private final Patience patience;
  private final List<Append> waiting = new ArrayList<>();
  private List<LedgerEvent> batch = List.of(); // is being written, perhaps not for the first time
  private int failures;
  private long numDurable;

  private JournalWriter(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      LedgerJournal journal,
      Patience patience) {
    super(context);
    this.timers = timers;
    this.journal = journal;
    this.patience = patience;
  }

  /**
   * A writer.
   *
   * @param journal has been read; closed when the actor stops
   */
  public static Behavior<Command> create(LedgerJournal journal, Patience patience) {
    return Behaviors.setup(context ->
        Behaviors.withTimers(timers -> new JournalWriter(context, timers, journal, patience)));
  }

  @Override
  public Behavior<Command> onMessage(Command message) {
    switch (message) {
      case Append append -> {
        waiting.add(append);
        if (waiting.size() == 1 && batch.isEmpty()) {
          getContext().getSelf().tell(new Write()); // after those that are in the mailbox already
        }
      }
      case Write _ -> write();
      case TidyUp _ when batch.isEmpty() -> journal.tidyUp();
      case TidyUp _ -> {} // what is tried again comes first
    }
    return this;
  }

  private void write() {
    if (batch.isEmpty()) {
      batch = waiting.stream().map(Append::event).toList();
    }
    try {
      journal.append(batch);
    } catch (LedgerException e) {
      tryAgainLater(e);
      return;
    }
    failures = 0;
    numDurable += batch.size();
    List<Append> written = waiting.subList(0, batch.size());
    written.getLast().replyTo().tell(new Durable(numDurable));
    written.clear();
    batch = List.of();
    if (!waiting.isEmpty()) {
      getContext().getSelf().tell(new Write());
    }
    getContext().getSelf().tell(new TidyUp()); // after those who wait already have their answer
  }

  private void tryAgainLater(LedgerException failure) {
    failures++;
    if (!failure.isPassing() || failures >= patience.attempts()) {
      throw failure.isPassing() ? failure.after(failures) : failure;
    }
    getContext()
        .getLog()
        .warn("{}; trying again in {}", failure.getMessage(), DurationText.of(patience.pause()));
    timers.startSingleTimer(new Write(), patience.pause());
  }

  @Override
  public Behavior<Command> onSignal(Signal signal) {
    if (signal instanceof PostStop) {
      journal.close();
    }
    return this;
  }
}
