package dev.sampo.actors.pipeline;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * The reachable actors of one kind in the cluster, taken in turn. Unlike a router it says when
 * there is none, so that nothing is sent into the void. Safe for several threads.
 *
 * @param <T> what they understand
 */
public final class Services<T> {
  private final AtomicInteger turn = new AtomicInteger();
  private volatile List<ActorRef<T>> present = List.of();

  /** Replaces what is known. */
  public void update(Collection<ActorRef<T>> reachable) {
    present = List.copyOf(reachable);
  }

  /** The next in turn; empty while there is none. */
  public Optional<ActorRef<T>> next() {
    List<ActorRef<T>> now = present;
    return now.isEmpty()
        ? Optional.empty()
        : Optional.of(now.get(Math.floorMod(turn.getAndIncrement(), now.size())));
  }
}
