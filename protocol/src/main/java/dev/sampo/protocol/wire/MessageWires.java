package dev.sampo.protocol.wire;

import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.message.NodeMessage;
import dev.sampo.protocol.message.NodeMessage.GiveBackReason;
import java.time.Duration;
import java.util.Optional;

/** Messages between nodes. */
final class MessageWires {
  private MessageWires() {}

  static NodeMessageWire toWire(NodeMessage message) {
    NodeMessageWire.Builder wire = NodeMessageWire.newBuilder();
    switch (message) {
      case NodeMessage.Demand(var worker, var leases, var weights) ->
          wire.getDemandBuilder()
              .setWorker(worker)
              .setLeases(leases)
              .setWeights(VersionWires.toWire(weights));
      case NodeMessage.Progress(var worker, var lease, var tokens, var oldestStep) ->
          wire.getProgressBuilder()
              .setWorker(worker)
              .setLease(id(lease))
              .setTokens(tokens)
              .setOldestStep(oldestStep);
      case NodeMessage.Holds(var worker, var leases) ->
          wire.getHoldsBuilder()
              .setWorker(worker)
              .addAllLeases(leases.stream().map(lease -> id(lease)).toList());
      case NodeMessage.GiveBack(var worker, var lease, var reason, var detail) ->
          wire.getGiveBackBuilder()
              .setWorker(worker)
              .setLease(id(lease))
              .setReason(toWire(reason))
              .setDetail(detail);
      case NodeMessage.Grant(var coordinator, var lease, var blobUrl) ->
          wire.getGrantBuilder()
              .setCoordinator(coordinator)
              .setLease(LeaseWires.toWire(lease))
              .setBlobUrl(blobUrl);
      case NodeMessage.Cancel(var lease, var reason) ->
          wire.getCancelBuilder().setLease(id(lease)).setReason(reason);
      case NodeMessage.Score(var group, var replyTo) ->
          wire.getScoreBuilder().setGroup(GroupWires.toWire(group)).setReplyTo(replyTo);
      case NodeMessage.Scored(var lease, var scores) ->
          wire.getScoredBuilder()
              .setLease(id(lease))
              .addAllScores(scores.stream().map(GroupWires::toWire).toList());
      case NodeMessage.ScoreRefused(var lease, var reason) ->
          wire.getScoreRefusedBuilder().setLease(id(lease)).setReason(reason);
      case NodeMessage.Offer(var group, var replyTo) ->
          wire.getOfferBuilder().setGroup(GroupWires.toWire(group)).setReplyTo(replyTo);
      case NodeMessage.Accepted(var lease) -> wire.getAcceptedBuilder().setLease(id(lease));
      case NodeMessage.Busy(var lease, var retryAfter) ->
          wire.getBusyBuilder().setLease(id(lease)).setRetryAfterNanos(retryAfter.toNanos());
      case NodeMessage.Discarded(var lease, var reason) ->
          wire.getDiscardedBuilder().setLease(id(lease)).setReason(reason);
      case NodeMessage.Announce(var delta, var urls) ->
          wire.getAnnounceBuilder().setDelta(VersionWires.toWire(delta)).addAllUrls(urls);
      case NodeMessage.SnapshotWanted(var worker, var held, var reason) -> {
        var wanted = wire.getSnapshotWantedBuilder().setWorker(worker).setReason(reason);
        held.ifPresent(version -> wanted.setHeld(VersionWires.toWire(version)));
      }
      case NodeMessage.WeightsLater(var reason) -> wire.getWeightsLaterBuilder().setReason(reason);
      case NodeMessage.RunFinished(var version) ->
          wire.getRunFinishedBuilder().setVersion(VersionWires.toWire(version));
    }
    return wire.build();
  }

  static NodeMessage fromWire(NodeMessageWire wire) {
    return switch (wire.getMessageCase()) {
      case DEMAND -> fromWire(wire.getDemand());
      case PROGRESS -> fromWire(wire.getProgress());
      case HOLDS -> {
        var it = wire.getHolds();
        yield new NodeMessage.Holds(
            it.getWorker(), it.getLeasesList().stream().map(lease -> lease(true, lease)).toList());
      }
      case GIVE_BACK -> fromWire(wire.getGiveBack());
      case GRANT -> fromWire(wire.getGrant());
      case CANCEL -> fromWire(wire.getCancel());
      case SCORE -> fromWire(wire.getScore());
      case SCORED -> fromWire(wire.getScored());
      case SCORE_REFUSED -> fromWire(wire.getScoreRefused());
      case OFFER -> fromWire(wire.getOffer());
      case ACCEPTED -> {
        var it = wire.getAccepted();
        yield new NodeMessage.Accepted(lease(it.hasLease(), it.getLease()));
      }
      case BUSY -> fromWire(wire.getBusy());
      case DISCARDED -> fromWire(wire.getDiscarded());
      case ANNOUNCE -> fromWire(wire.getAnnounce());
      case SNAPSHOT_WANTED -> fromWire(wire.getSnapshotWanted());
      case WEIGHTS_LATER -> new NodeMessage.WeightsLater(wire.getWeightsLater().getReason());
      case RUN_FINISHED ->
          new NodeMessage.RunFinished(VersionWires.fromWire(wire.getRunFinished().getVersion()));
      case MESSAGE_NOT_SET -> throw new WireFormatException("of a kind that this version lacks");
    };
  }

  private static NodeMessage fromWire(DemandWire wire) {
    return new NodeMessage.Demand(
        wire.getWorker(), wire.getLeases(), VersionWires.fromWire(wire.getWeights()));
  }

  private static NodeMessage fromWire(ProgressWire wire) {
    return new NodeMessage.Progress(
        wire.getWorker(),
        lease(wire.hasLease(), wire.getLease()),
        wire.getTokens(),
        wire.getOldestStep());
  }

  private static NodeMessage fromWire(GiveBackWire wire) {
    return new NodeMessage.GiveBack(
        wire.getWorker(),
        lease(wire.hasLease(), wire.getLease()),
        fromWire(wire.getReason()),
        wire.getDetail());
  }

  private static NodeMessage fromWire(GrantWire wire) {
    Required.part(wire.hasLease(), "lease");
    return new NodeMessage.Grant(
        wire.getCoordinator(), LeaseWires.fromWire(wire.getLease()), wire.getBlobUrl());
  }

  private static NodeMessage fromWire(CancelWire wire) {
    return new NodeMessage.Cancel(lease(wire.hasLease(), wire.getLease()), wire.getReason());
  }

  private static NodeMessage fromWire(ScoreWire wire) {
    Required.part(wire.hasGroup(), "group");
    return new NodeMessage.Score(GroupWires.fromWire(wire.getGroup()), wire.getReplyTo());
  }

  private static NodeMessage fromWire(ScoredWire wire) {
    return new NodeMessage.Scored(
        lease(wire.hasLease(), wire.getLease()),
        wire.getScoresList().stream().map(GroupWires::fromWire).toList());
  }

  private static NodeMessage fromWire(ScoreRefusedWire wire) {
    return new NodeMessage.ScoreRefused(lease(wire.hasLease(), wire.getLease()), wire.getReason());
  }

  private static NodeMessage fromWire(OfferWire wire) {
    Required.part(wire.hasGroup(), "group");
    return new NodeMessage.Offer(GroupWires.fromWire(wire.getGroup()), wire.getReplyTo());
  }

  private static NodeMessage fromWire(BusyWire wire) {
    return new NodeMessage.Busy(
        lease(wire.hasLease(), wire.getLease()), Duration.ofNanos(wire.getRetryAfterNanos()));
  }

  private static NodeMessage fromWire(DiscardedWire wire) {
    return new NodeMessage.Discarded(lease(wire.hasLease(), wire.getLease()), wire.getReason());
  }

  private static NodeMessage fromWire(AnnounceWire wire) {
    Required.part(wire.hasDelta(), "weight delta");
    return new NodeMessage.Announce(VersionWires.fromWire(wire.getDelta()), wire.getUrlsList());
  }

  private static NodeMessage fromWire(SnapshotWantedWire wire) {
    return new NodeMessage.SnapshotWanted(
        wire.getWorker(),
        wire.hasHeld() ? Optional.of(VersionWires.fromWire(wire.getHeld())) : Optional.empty(),
        wire.getReason());
  }

  private static GiveBackReasonWire toWire(GiveBackReason reason) {
    return switch (reason) {
      case LEAVING -> GiveBackReasonWire.LEAVING;
      case BAD_PROMPT -> GiveBackReasonWire.BAD_PROMPT;
      case OUT_OF_REACH -> GiveBackReasonWire.OUT_OF_REACH;
    };
  }

  private static GiveBackReason fromWire(GiveBackReasonWire wire) {
    return switch (wire) {
      case LEAVING -> GiveBackReason.LEAVING;
      case BAD_PROMPT -> GiveBackReason.BAD_PROMPT;
      case OUT_OF_REACH -> GiveBackReason.OUT_OF_REACH;
      case GIVE_BACK_REASON_UNSPECIFIED, UNRECOGNIZED ->
          throw new WireFormatException("unknown reason to give back: " + wire);
    };
  }

  private static LeaseIdWire id(LeaseId lease) {
    return LeaseWires.toWire(lease);
  }

  private static LeaseId lease(boolean present, LeaseIdWire wire) {
    Required.part(present, "lease id");
    return LeaseWires.fromWire(wire);
  }
}
