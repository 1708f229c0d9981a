package dev.sampo.simulation;

import dev.sampo.actors.pipeline.WeightBoard;
import dev.sampo.actors.pipeline.WeightPublisher;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * The notice board for weights: at once over the network, which may lose it, and later for sure.
 */
final class Board {
  private static final Duration GOSSIP = Duration.ofSeconds(1);

  private record Listener(
      Place place,
      ActorRef<WeightPublisher.Announced> ear,
      ActorRef<WeightPublisher.Announced> overNetwork) {}

  private final Schedule schedule;
  private final Network network;
  private final List<Listener> listeners = new ArrayList<>();
  private Optional<WeightPublisher.Announced> last = Optional.empty();

  Board(Schedule schedule, Network network) {
    this.schedule = schedule;
    this.network = network;
  }

  /** The board of a node. */
  Behavior<WeightBoard.Command> at(Supplier<Place> publisher, Place place) {
    return Behaviors.receiveMessage(message -> {
      switch (message) {
        case WeightBoard.Announce(var announced) -> announce(announced);
        case WeightBoard.Listen(var ear) -> {
          Listener listener =
              new Listener(
                  place, ear, network.link(publisher, () -> place, () -> Optional.of(ear)));
          listeners.add(listener);
          last.ifPresent(announced -> gossip(listener, announced));
        }
        default -> throw new IllegalArgumentException("not a message of others: " + message);
      }
      return Behaviors.same();
    });
  }

  private void announce(WeightPublisher.Announced announced) {
    last = Optional.of(announced);
    for (Listener listener : listeners) {
      listener.overNetwork.tell(announced);
      gossip(listener, announced);
    }
  }

  /** Of versions that follow each other quickly only the last is heard. */
  private void gossip(Listener listener, WeightPublisher.Announced announced) {
    schedule.after(
        GOSSIP,
        listener.place,
        () -> {
          if (last.equals(Optional.of(announced))) {
            listener.ear.tell(announced);
          }
        });
  }
}
