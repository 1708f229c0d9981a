package dev.sampo.actors.pipeline;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.AskPattern;

/**
 * Questions to actors, whose answers are worked on by the actor system's own threads. Pekko hands
 * answers over on the JVM's common pool, which is nobody's to size or to watch.
 */
final class Asking {
  private Asking() {}

  /**
   * Asks once.
   *
   * @return the answer; fails with a {@link java.util.concurrent.TimeoutException}
   */
  static <M, A> CompletionStage<A> ask(
      ActorSystem<?> system,
      ActorRef<M> actor,
      Function<ActorRef<A>, M> question,
      Duration patience) {
    return AskPattern.<M, A>ask(actor, question::apply, patience, system.scheduler())
        .thenApplyAsync(Function.identity(), system.executionContext());
  }
}
