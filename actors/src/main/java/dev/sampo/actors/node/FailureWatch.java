package dev.sampo.actors.node;

import java.util.concurrent.CompletableFuture;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.BehaviorInterceptor;
import org.apache.pekko.actor.typed.TypedActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * Tells a future of the exception that stops an actor. For the cluster singleton: its parent
 * belongs to Pekko, which logs the failure and goes on without it.
 *
 * @param <M> what the actor understands
 */
final class FailureWatch<M> extends BehaviorInterceptor<M, M> {
  private final CompletableFuture<?> told;

  private FailureWatch(Class<M> messages, CompletableFuture<?> told) {
    super(messages);
    this.told = told;
  }

  static <M> Behavior<M> over(Class<M> messages, Behavior<M> watched, CompletableFuture<?> told) {
    return Behaviors.intercept(() -> new FailureWatch<>(messages, told), watched);
  }

  @Override
  public Behavior<M> aroundReceive(TypedActorContext<M> context, M message, ReceiveTarget<M> next) {
    try {
      return next.apply(context, message);
    } catch (RuntimeException e) {
      told.completeExceptionally(e);
      throw e;
    }
  }
}
