package dev.sampo.actors.pipeline;

import dev.sampo.protocol.ledger.LedgerEvent;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * What a coordinator with many groups on their way is to a journal: each group's events are
 * written, and when they are durable, the next group's are.
 */
public final class JournalClients {
  private final ActorRef<JournalWriter.Command> writer;
  private final Iterator<List<LedgerEvent>> groups;
  private final CompletableFuture<Void> done;
  private final Queue<Long> waiting = new ArrayDeque<>(); // the last event of each group, in order
  private long numEvents;

  private JournalClients(
      ActorRef<JournalWriter.Command> writer,
      Iterator<List<LedgerEvent>> groups,
      CompletableFuture<Void> done) {
    this.writer = writer;
    this.groups = groups;
    this.done = done;
  }

  /**
   * Begins at once.
   *
   * @param concurrent groups that wait at a time
   * @param groups the events of each group
   * @param done completed when the last one is durable
   */
  public static Behavior<?> create(
      ActorRef<JournalWriter.Command> writer,
      int concurrent,
      Iterator<List<LedgerEvent>> groups,
      CompletableFuture<Void> done) {
    return Behaviors.<JournalWriter.Durable>setup(context -> {
      JournalClients clients = new JournalClients(writer, groups, done);
      for (int i = 0; i < concurrent; i++) {
        clients.next(context.getSelf());
      }
      return Behaviors.receiveMessage(durable -> {
        clients.onDurable(durable.numEvents(), context.getSelf());
        return Behaviors.same();
      });
    });
  }

  private void next(ActorRef<JournalWriter.Durable> self) {
    if (!groups.hasNext()) {
      return;
    }
    for (LedgerEvent event : groups.next()) {
      writer.tell(new JournalWriter.Append(event, self));
      numEvents++;
    }
    waiting.add(numEvents);
  }

  private void onDurable(long written, ActorRef<JournalWriter.Durable> self) {
    while (!waiting.isEmpty() && waiting.element() <= written) {
      waiting.remove();
      next(self);
    }
    if (waiting.isEmpty()) {
      done.complete(null);
    }
  }
}
