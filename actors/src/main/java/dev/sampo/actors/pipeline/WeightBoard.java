package dev.sampo.actors.pipeline;

import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.pubsub.Topic;
import org.apache.pekko.cluster.ddata.Key;
import org.apache.pekko.cluster.ddata.LWWRegister;
import org.apache.pekko.cluster.ddata.LWWRegisterKey;
import org.apache.pekko.cluster.ddata.SelfUniqueAddress;
import org.apache.pekko.cluster.ddata.typed.javadsl.DistributedData;
import org.apache.pekko.cluster.ddata.typed.javadsl.Replicator;
import org.apache.pekko.cluster.ddata.typed.javadsl.ReplicatorMessageAdapter;

/**
 * The notice board of the cluster for versions of the weights, one on each node. What is announced
 * on one is heard on all, in no certain order and perhaps twice: on a topic, which is fast but may
 * lose it, and in a distributed register, which keeps the last one for whoever joins later.
 */
public final class WeightBoard extends AbstractMatchingBehavior<WeightBoard.Command> {
  private static final String TOPIC = "weight-versions";
  private static final Key<LWWRegister<WeightPublisher.Announced>> REGISTER =
      LWWRegisterKey.create("weight-version");

  /** What the board understands. */
  public sealed interface Command {}

  /** Tell everybody, now and later. */
  public record Announce(WeightPublisher.Announced announced) implements Command {}

  /** Hear of every version from now on, and of the last one before. */
  public record Listen(ActorRef<WeightPublisher.Announced> ear) implements Command {}

  private record RegisterUpdated(
      Replicator.UpdateResponse<LWWRegister<WeightPublisher.Announced>> response)
      implements Command {}

  private record RegisterChanged(
      ActorRef<WeightPublisher.Announced> ear,
      Replicator.SubscribeResponse<LWWRegister<WeightPublisher.Announced>> response)
      implements Command {}

  private final ReplicatorMessageAdapter<Command, LWWRegister<WeightPublisher.Announced>> register;
  private final SelfUniqueAddress node;
  private final ActorRef<Topic.Command<WeightPublisher.Announced>> topic;

  private WeightBoard(
      ActorContext<Command> context,
      ReplicatorMessageAdapter<Command, LWWRegister<WeightPublisher.Announced>> register) {
    super(context);
    this.register = register;
    this.node = DistributedData.get(context.getSystem()).selfUniqueAddress();
    this.topic = context.spawn(Topic.create(WeightPublisher.Announced.class, TOPIC), "topic");
  }

  /** This node's board; needs a cluster. */
  public static Behavior<Command> create() {
    return Behaviors.setup(context ->
        DistributedData.withReplicatorMessageAdapter(
            (ReplicatorMessageAdapter<Command, LWWRegister<WeightPublisher.Announced>> register) ->
                new WeightBoard(context, register)));
  }

  @Override
  public Behavior<Command> onMessage(Command message) {
    switch (message) {
      case Announce(WeightPublisher.Announced announced) -> announce(announced);
      case Listen(ActorRef<WeightPublisher.Announced> ear) -> {
        topic.tell(Topic.subscribe(ear));
        register.subscribe(REGISTER, response -> new RegisterChanged(ear, response));
      }
      case RegisterChanged(var ear, var response) -> {
        if (response instanceof Replicator.Changed<LWWRegister<WeightPublisher.Announced>> now) {
          ear.tell(now.get(REGISTER).getValue());
        }
      }
      case RegisterUpdated(var response) ->
          getContext().getLog().debug("weight register: {}", response);
    }
    return this;
  }

  private void announce(WeightPublisher.Announced announced) {
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
}
