package dev.sampo.simulation;

import dev.sampo.actors.pipeline.ExperienceBuffer;
import dev.sampo.actors.pipeline.RewardWorker;
import dev.sampo.actors.pipeline.RolloutWorker;
import dev.sampo.actors.pipeline.RunCoordinator;
import dev.sampo.actors.pipeline.WeightPublisher;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * What is between the nodes: at most once, in order between the same two ends, late, and cut at
 * times. An actor of another node is known by a link, an actor that hands messages to the network;
 * references in messages become links on the way. Whoever watches a link hears of the end of its
 * node when the cluster has removed the node.
 */
final class Network {
  private record Pair(Place from, Place to) {}

  private record Known(Place from, ActorRef<?> target) {}

  private final class Link {
    final Supplier<Place> from;
    final Supplier<Place> to;
    final Supplier<? extends Optional<? extends ActorRef<?>>> target;
    Queue<Object> underWay = new ArrayDeque<>();
    long lastDue;

    Link(
        Supplier<Place> from,
        Supplier<Place> to,
        Supplier<? extends Optional<? extends ActorRef<?>>> target) {
      this.from = from;
      this.to = to;
      this.target = target;
    }

    void send(Object message) {
      Object sent = fate.apply(from.get(), message);
      Object translated = translate(sent, this);
      if (isCut(from.get(), to.get()) || random.nextDouble() < loss) {
        trace.add("lost", from.get(), to.get(), translated);
      } else {
        post(translated);
        if (mayComeTwice(translated) && random.nextDouble() < twice) {
          post(translated);
        }
      }
    }

    private void post(Object message) {
      lastDue = Math.max(lastDue, schedule.nanos() + delayNanos());
      Queue<Object> line = underWay;
      line.add(message);
      Place there = to.get();
      Optional<? extends ActorRef<?>> receiver = target.get();
      schedule.after(
          Duration.ofNanos(lastDue - schedule.nanos()),
          there,
          () -> deliver(line.remove(), there, receiver.isPresent() ? receiver : target.get()));
    }

    @SuppressWarnings("unchecked")
    private void deliver(Object message, Place there, Optional<? extends ActorRef<?>> receiver) {
      if (from.get().isRemoved() || there.isRemoved()) {
        return;
      }
      trace.add("->", from.get(), there, message);
      receiver.ifPresent(found -> ((ActorRef<Object>) found).tell(message));
    }
  }

  private final ActorSystem system;
  private final Schedule schedule;
  private final SplittableRandom random;
  private final Trace trace;
  private final BiFunction<Place, Object, Object> fate;
  private final Map<Known, ActorRef<?>> known = new HashMap<>();
  private final Map<Place, List<ActorRef<?>>> leadingTo = new HashMap<>();
  private final List<ActorRef<?>> all = new ArrayList<>();
  private final List<Link> links = new ArrayList<>();
  private final Set<Pair> cuts = new HashSet<>();
  private double loss;
  private double twice;

  /**
   * A network without faults.
   *
   * @param fate what becomes of a message of a node before it is sent: usually itself
   */
  Network(
      ActorSystem system,
      Schedule schedule,
      long seed,
      Trace trace,
      BiFunction<Place, Object, Object> fate) {
    this.system = system;
    this.schedule = schedule;
    this.random = new SplittableRandom(seed);
    this.trace = trace;
    this.fate = fate;
  }

  /** Messages are lost, or come twice where the protocol says that this is harmless. */
  void disturb(double newLoss, double newTwice) {
    loss = newLoss;
    twice = newTwice;
  }

  void cut(Place one, Place other) {
    cuts.add(new Pair(one, other));
    cuts.add(new Pair(other, one));
  }

  void heal(Place one, Place other) {
    cuts.remove(new Pair(one, other));
    cuts.remove(new Pair(other, one));
  }

  void healAll() {
    cuts.clear();
  }

  private boolean isCut(Place from, Place to) {
    return from.isRemoved() || to.isRemoved() || cuts.contains(new Pair(from, to));
  }

  /** The nodes that are left hear that one has gone. */
  void remove(Place place) {
    place.remove();
    schedule.at(
        Place.NOWHERE,
        () ->
            leadingTo
                .getOrDefault(place, List.of())
                .forEach(link -> system.stop(Adapter.toClassic(link))));
  }

  /** What is on its way to a node is not for the one that goes on in its place. */
  void partFrom(Place place) {
    links.forEach(link -> {
      if (link.to.get() == place) {
        link.underWay = new ArrayDeque<>();
      }
    });
  }

  /** What actors at {@code from} know an actor at {@code to} by, which may not be there yet. */
  <T> ActorRef<T> link(Place from, Place to, Supplier<Optional<ActorRef<T>>> target) {
    ActorRef<T> ref = link(() -> from, () -> to, target);
    leadingTo.computeIfAbsent(to, place -> new ArrayList<>()).add(ref);
    return ref;
  }

  /** The same for nodes that may die and begin again as another place. */
  <T> ActorRef<T> link(
      Supplier<Place> from, Supplier<Place> to, Supplier<Optional<ActorRef<T>>> target) {
    Link link = new Link(from, to, target);
    links.add(link);
    return spawn(
        Behaviors.receiveMessage(message -> {
          link.send(message);
          return Behaviors.same();
        }));
  }

  @SuppressWarnings("unchecked")
  private <T> ActorRef<T> known(ActorRef<T> target, Link carrier) {
    return (ActorRef<T>)
        known.computeIfAbsent(
            new Known(carrier.to.get(), target),
            unknown -> link(carrier.to.get(), carrier.from.get(), () -> Optional.of(target)));
  }

  private <T> ActorRef<T> once(ActorRef<T> target, Link carrier) {
    Place here = carrier.to.get();
    Place there = carrier.from.get();
    Link back = new Link(() -> here, () -> there, () -> Optional.of(target));
    return spawn(
        Behaviors.receiveMessage(message -> {
          back.send(message);
          return Behaviors.stopped();
        }));
  }

  private <T> ActorRef<T> spawn(Behavior<T> behavior) {
    List<ActorRef<T>> spawned = new ArrayList<>();
    schedule.at(Place.NOWHERE, () -> spawned.add(Adapter.spawnAnonymous(system, behavior)));
    all.add(spawned.getFirst());
    return spawned.getFirst();
  }

  private Object translate(Object message, Link by) {
    return switch (message) {
      case RunCoordinator.Demand(var worker, int leases, var weights) ->
          new RunCoordinator.Demand(known(worker, by), leases, weights);
      case RunCoordinator.Progress(var worker, var lease, long tokens, long oldest) ->
          new RunCoordinator.Progress(known(worker, by), lease, tokens, oldest);
      case RunCoordinator.Holds(var worker, var leases) ->
          new RunCoordinator.Holds(known(worker, by), leases);
      case RunCoordinator.GiveBack(var worker, var lease, var reason, String detail) ->
          new RunCoordinator.GiveBack(known(worker, by), lease, reason, detail);
      case RolloutWorker.Grant(var coordinator, var lease, String url) ->
          new RolloutWorker.Grant(known(coordinator, by), lease, url);
      case RewardWorker.Score(var group, var replyTo) ->
          new RewardWorker.Score(group, once(replyTo, by));
      case ExperienceBuffer.Offer(var group, var replyTo) ->
          new ExperienceBuffer.Offer(group, once(replyTo, by));
      case WeightPublisher.SnapshotWanted(var subscriber, var held, String reason) ->
          new WeightPublisher.SnapshotWanted(known(subscriber, by), held, reason);
      case RolloutWorker.Cancel _,
          RewardWorker.Answer _,
          ExperienceBuffer.Answer _,
          WeightPublisher.News _ ->
          message;
      default -> throw new IllegalArgumentException(message + " does not cross nodes");
    };
  }

  private static boolean mayComeTwice(Object message) {
    return switch (message) {
      case RunCoordinator.Demand _,
          RunCoordinator.Progress _,
          RunCoordinator.Holds _,
          RolloutWorker.Cancel _,
          WeightPublisher.News _ ->
          true;
      default -> false; // questions come twice because whoever asked asks again
    };
  }

  /** Mostly quick, now and then slow. */
  private long delayNanos() {
    long base = 100_000 + random.nextLong(2_000_000);
    return random.nextInt(20) == 0 ? base + random.nextLong(3_000_000_000L) : base;
  }

  /** Ends all links. */
  void stop() {
    all.forEach(link -> system.stop(Adapter.toClassic(link)));
  }
}
