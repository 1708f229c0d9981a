package dev.sampo.actors.wire;

import dev.sampo.actors.CrossesNodes;
import dev.sampo.actors.node.LearnerWatch;
import dev.sampo.actors.pipeline.ExperienceBuffer;
import dev.sampo.actors.pipeline.RewardWorker;
import dev.sampo.actors.pipeline.RolloutWorker;
import dev.sampo.actors.pipeline.RunCoordinator;
import dev.sampo.actors.pipeline.WeightPublisher;
import dev.sampo.protocol.message.NodeMessage;
import dev.sampo.protocol.wire.WireCodec;
import java.io.NotSerializableException;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.serialization.SerializerWithStringManifest;

/** Turns messages that {@link CrossesNodes} into Protobuf bytes and back; references as text. */
public final class NodeMessageSerializer extends SerializerWithStringManifest {
  private static final int IDENTIFIER = 7_351_001;
  private static final String MANIFEST = "node-message-1";

  private final ActorRefResolver refs;

  /** Called by Pekko. */
  public NodeMessageSerializer(ExtendedActorSystem system) {
    this.refs = ActorRefResolver.get(Adapter.toTyped(system));
  }

  @Override
  public int identifier() {
    return IDENTIFIER;
  }

  @Override
  public String manifest(Object message) {
    return MANIFEST;
  }

  @Override
  public byte[] toBinary(Object message) {
    return WireCodec.encode(toWire((CrossesNodes) message));
  }

  @Override
  public Object fromBinary(byte[] bytes, String manifest) throws NotSerializableException {
    if (!manifest.equals(MANIFEST)) {
      throw new NotSerializableException("unknown manifest " + manifest);
    }
    return fromWire(WireCodec.decodeMessage(bytes));
  }

  private NodeMessage toWire(CrossesNodes message) {
    return switch (message) {
      case RunCoordinator.Demand(var worker, int leases, var weights) ->
          new NodeMessage.Demand(text(worker), leases, weights);
      case RunCoordinator.Progress(var worker, var lease, long tokens, long oldest) ->
          new NodeMessage.Progress(text(worker), lease, tokens, oldest);
      case RunCoordinator.Holds(var worker, var leases) ->
          new NodeMessage.Holds(text(worker), leases);
      case RunCoordinator.GiveBack(var worker, var lease, var reason, var detail) ->
          new NodeMessage.GiveBack(text(worker), lease, toWire(reason), detail);
      case RolloutWorker.Grant(var coordinator, var lease, var blobUrl) ->
          new NodeMessage.Grant(text(coordinator), lease, blobUrl);
      case RolloutWorker.Cancel(var lease, var reason) -> new NodeMessage.Cancel(lease, reason);
      case RewardWorker.Score(var group, var replyTo) ->
          new NodeMessage.Score(group, text(replyTo));
      case RewardWorker.Scored(var lease, var scores) -> new NodeMessage.Scored(lease, scores);
      case RewardWorker.Refused(var lease, var reason) ->
          new NodeMessage.ScoreRefused(lease, reason);
      case ExperienceBuffer.Offer(var group, var replyTo) ->
          new NodeMessage.Offer(group, text(replyTo));
      case ExperienceBuffer.Accepted(var lease) -> new NodeMessage.Accepted(lease);
      case ExperienceBuffer.Busy(var lease, var after) -> new NodeMessage.Busy(lease, after);
      case ExperienceBuffer.Discarded(var lease, var reason) ->
          new NodeMessage.Discarded(lease, reason);
      case WeightPublisher.Announced(var delta, var urls) -> new NodeMessage.Announce(delta, urls);
      case WeightPublisher.SnapshotWanted(var subscriber, var held, var reason) ->
          new NodeMessage.SnapshotWanted(text(subscriber), held, reason);
      case WeightPublisher.Later(var reason) -> new NodeMessage.WeightsLater(reason);
      case LearnerWatch.RunFinished(var version) -> new NodeMessage.RunFinished(version);
      default -> throw new IllegalArgumentException(message.getClass() + " has no wire form");
    };
  }

  private CrossesNodes fromWire(NodeMessage message) {
    return switch (message) {
      case NodeMessage.Demand(var worker, int leases, var weights) ->
          new RunCoordinator.Demand(ref(worker), leases, weights);
      case NodeMessage.Progress(var worker, var lease, long tokens, long oldest) ->
          new RunCoordinator.Progress(ref(worker), lease, tokens, oldest);
      case NodeMessage.Holds(var worker, var leases) ->
          new RunCoordinator.Holds(ref(worker), leases);
      case NodeMessage.GiveBack(var worker, var lease, var reason, var detail) ->
          new RunCoordinator.GiveBack(ref(worker), lease, fromWire(reason), detail);
      case NodeMessage.Grant(var coordinator, var lease, var blobUrl) ->
          new RolloutWorker.Grant(ref(coordinator), lease, blobUrl);
      case NodeMessage.Cancel(var lease, var reason) -> new RolloutWorker.Cancel(lease, reason);
      case NodeMessage.Score(var group, var replyTo) -> new RewardWorker.Score(group, ref(replyTo));
      case NodeMessage.Scored(var lease, var scores) -> new RewardWorker.Scored(lease, scores);
      case NodeMessage.ScoreRefused(var lease, var reason) ->
          new RewardWorker.Refused(lease, reason);
      case NodeMessage.Offer(var group, var replyTo) ->
          new ExperienceBuffer.Offer(group, ref(replyTo));
      case NodeMessage.Accepted(var lease) -> new ExperienceBuffer.Accepted(lease);
      case NodeMessage.Busy(var lease, var after) -> new ExperienceBuffer.Busy(lease, after);
      case NodeMessage.Discarded(var lease, var reason) ->
          new ExperienceBuffer.Discarded(lease, reason);
      case NodeMessage.Announce(var delta, var urls) -> new WeightPublisher.Announced(delta, urls);
      case NodeMessage.SnapshotWanted(var subscriber, var held, var reason) ->
          new WeightPublisher.SnapshotWanted(ref(subscriber), held, reason);
      case NodeMessage.WeightsLater(var reason) -> new WeightPublisher.Later(reason);
      case NodeMessage.RunFinished(var version) -> new LearnerWatch.RunFinished(version);
    };
  }

  private static NodeMessage.GiveBackReason toWire(RunCoordinator.GiveBack.Reason reason) {
    return switch (reason) {
      case LEAVING -> NodeMessage.GiveBackReason.LEAVING;
      case BAD_PROMPT -> NodeMessage.GiveBackReason.BAD_PROMPT;
      case OUT_OF_REACH -> NodeMessage.GiveBackReason.OUT_OF_REACH;
    };
  }

  private static RunCoordinator.GiveBack.Reason fromWire(NodeMessage.GiveBackReason reason) {
    return switch (reason) {
      case LEAVING -> RunCoordinator.GiveBack.Reason.LEAVING;
      case BAD_PROMPT -> RunCoordinator.GiveBack.Reason.BAD_PROMPT;
      case OUT_OF_REACH -> RunCoordinator.GiveBack.Reason.OUT_OF_REACH;
    };
  }

  private String text(ActorRef<?> ref) {
    return refs.toSerializationFormat(ref);
  }

  private <T> ActorRef<T> ref(String text) {
    return refs.resolveActorRef(text);
  }
}
