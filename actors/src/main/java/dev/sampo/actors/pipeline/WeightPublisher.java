package dev.sampo.actors.pipeline;

import dev.sampo.actors.CrossesNodes;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.WeightDelta;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.pubsub.Topic;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;
import org.apache.pekko.cluster.ddata.Key;
import org.apache.pekko.cluster.ddata.LWWRegister;
import org.apache.pekko.cluster.ddata.LWWRegisterKey;
import org.apache.pekko.cluster.ddata.SelfUniqueAddress;
import org.apache.pekko.cluster.ddata.typed.javadsl.DistributedData;
import org.apache.pekko.cluster.ddata.typed.javadsl.Replicator;
import org.apache.pekko.cluster.ddata.typed.javadsl.ReplicatorMessageAdapter;

/**
 * Announces every version of the weights twice: on a topic, which is fast, and in a distributed
 * register, which a node that joins later still finds. The bytes are fetched over HTTP.
 *
 * <p>Edge <i>Snapshot</i>: a subscriber that cannot follow the deltas asks; answered when the
 * learner has written all weights, between two of its micro-batches.
 */
public final class WeightPublisher extends AbstractMatchingBehavior<WeightPublisher.Command> {
  /** Where subscribers find the publisher. */
  public static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "weights");

  static final String TOPIC = "weight-versions";
  static final Key<LWWRegister<Announced>> REGISTER = LWWRegisterKey.create("weight-version");

  private static final Duration PATIENCE_WITH_LEARNER = Duration.ofMinutes(5);

  /** What the publisher understands. */
  public sealed interface Command {}

  /** Files of a version are in place; tell everybody. */
  record Publish(Trainer.Written files) implements Command {}

  /** The learner that can write snapshots. */
  public record LearnerIs(ActorRef<Learner.Command> learner) implements Command {}

  /**
   * A subscriber needs all weights.
   *
   * @param held the version it has; empty when it has none
   */
  public record SnapshotWanted(
      ActorRef<Announced> subscriber, Optional<PolicyVersion> held, String reason)
      implements Command, CrossesNodes {}

  /**
   * A version exists.
   *
   * @param delta which files make it up
   * @param urls base URLs of nodes that serve them: {@code <url>/<file name>}
   */
  public record Announced(WeightDelta delta, List<String> urls) implements CrossesNodes {
    public Announced {
      urls = List.copyOf(urls);
    }
  }

  private record SnapshotWritten(ActorRef<Announced> subscriber, Trainer.Written files)
      implements Command {}

  private record SnapshotFailed(ActorRef<Announced> subscriber, String reason) implements Command {}

  private record RegisterUpdated(Replicator.UpdateResponse<LWWRegister<Announced>> response)
      implements Command {}

  private final ReplicatorMessageAdapter<Command, LWWRegister<Announced>> register;
  private final SelfUniqueAddress node;
  private final ActorRef<Topic.Command<Announced>> topic;
  private final String url;
  private Optional<ActorRef<Learner.Command>> learner = Optional.empty();

  private WeightPublisher(
      ActorContext<Command> context,
      ReplicatorMessageAdapter<Command, LWWRegister<Announced>> register,
      String url) {
    super(context);
    this.register = register;
    this.node = DistributedData.get(context.getSystem()).selfUniqueAddress();
    this.topic = context.spawn(Topic.create(Announced.class, TOPIC), "topic");
    this.url = url;
  }

  /**
   * A publisher.
   *
   * @param url where this node serves the weight files: {@code <url>/<folder>/<file name>}
   */
  public static Behavior<Command> create(String url) {
    return Behaviors.setup(context ->
        DistributedData.withReplicatorMessageAdapter(
            (ReplicatorMessageAdapter<Command, LWWRegister<Announced>> register) ->
                new WeightPublisher(context, register, url)));
  }

  @Override
  public Behavior<Command> onMessage(Command message) {
    switch (message) {
      case LearnerIs is -> learner = Optional.of(is.learner());
      case Publish(Trainer.Written files) -> publish(announcementOf(files));
      case SnapshotWanted wanted -> onSnapshotWanted(wanted);
      case SnapshotWritten(var subscriber, Trainer.Written files) ->
          subscriber.tell(announcementOf(files));
      case SnapshotFailed(var subscriber, String reason) ->
          getContext().getLog().warn("no snapshot for {}: {}", subscriber, reason);
      case RegisterUpdated(var response) ->
          getContext().getLog().debug("weight register: {}", response);
    }
    return this;
  }

  private Announced announcementOf(Trainer.Written files) {
    return new Announced(files.delta(), List.of(url + "/" + files.folder().getFileName()));
  }

  private void publish(Announced announced) {
    topic.tell(Topic.publish(announced));
    register.askUpdate(
        replyTo ->
            new Replicator.Update<>(
                REGISTER,
                LWWRegister.create(node, announced),
                Replicator.writeLocal(),
                replyTo,
                before -> before.withValue(node, announced)),
        RegisterUpdated::new);
  }

  private void onSnapshotWanted(SnapshotWanted wanted) {
    getContext().getLog().info("{} wants a snapshot: {}", wanted.subscriber(), wanted.reason());
    learner.ifPresent(present ->
        getContext()
            .ask(
                Trainer.Written.class,
                present,
                PATIENCE_WITH_LEARNER,
                Learner.GetSnapshot::new,
                (files, failure) ->
                    files != null
                        ? new SnapshotWritten(wanted.subscriber(), files)
                        : new SnapshotFailed(wanted.subscriber(), String.valueOf(failure))));
  }
}
