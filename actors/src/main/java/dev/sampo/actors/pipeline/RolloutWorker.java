package dev.sampo.actors.pipeline;

import dev.sampo.actors.CrossesNodes;
import dev.sampo.actors.transfer.BlobCache;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.WeightDelta;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.Signal;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * Generates groups; on a pinned thread, one decode step per message, so that new weights, cancelled
 * leases and a shutdown take effect between two tokens.
 *
 * <pre>
 *   lease --> images fetched --> slot, when the weights are young enough --> decode --> way out
 * </pre>
 *
 * <p>Edges. <i>Lease</i>: waits for the coordinator; asks for as many as it has slots and groups on
 * the way out. <i>Way out</i>: a slot is free when its group is finished, but when as many groups
 * are on the way out as there are slots, no more are asked for, and when there is no place left on
 * it, none is begun; unblocked by the buffer, for cancelled ones at the latest by its patience.
 * <i>Weights</i>: installed between two decode steps; a lease that needs younger ones waits for
 * them, at most its patience: then it is given back, and for a while no more are asked for.
 */
public final class RolloutWorker extends AbstractMatchingBehavior<RolloutWorker.Command> {
  private static final Duration HEARTBEAT = Duration.ofSeconds(1);
  private static final Duration ASK_AGAIN_AFTER = Duration.ofSeconds(30);

  /** What a rollout worker understands. */
  public sealed interface Command {}

  /**
   * Generate this group.
   *
   * @param blobUrl where the prompt's images are: {@code <blobUrl>/<sha256>}
   */
  public record Grant(
      ActorRef<RunCoordinator.Command> coordinator, RolloutLease lease, String blobUrl)
      implements Command, CrossesNodes {}

  /** Stop generating this group: its result would be discarded. */
  public record Cancel(LeaseId lease, String reason) implements Command, CrossesNodes {}

  /** Use these weights from the next token on. */
  record Install(WeightDelta delta, Path folder, ActorRef<WeightSubscriber.Command> replyTo)
      implements Command {}

  /** Take no more leases; answered when every group that was begun is delivered or given back. */
  public record Drain(ActorRef<Drained> replyTo) implements Command {}

  /** The worker holds no lease any more. */
  public record Drained() {}

  private record Arrived(HeldLeases.Ready group) implements Command {}

  private record NotReady(RolloutLease lease, Throwable failure) implements Command {}

  private record WeightsReady(Install install, Runnable write) implements Command {}

  private record WeightsUnusable(Install install, String reason) implements Command {}

  private record WeightsAreLate() implements Command {}

  private record AskAgain() implements Command {}

  private record DecodeNext() implements Command {}

  private record Left(WayOut.Outcome outcome) implements Command {}

  private record Heartbeat() implements Command {}

  /**
   * What a worker works with.
   *
   * @param coordinator grants leases
   * @param images fetches images of other nodes
   * @param rewards scores groups
   * @param buffers takes scored groups
   * @param wayOut how groups are handed on
   * @param busy measures when it decodes
   */
  public record Setup(
      ActorRef<RunCoordinator.Command> coordinator,
      BlobCache images,
      Services<RewardWorker.Command> rewards,
      Services<ExperienceBuffer.Command> buffers,
      WayOutSettings wayOut,
      BusyClock busy) {}

  private final Setup setup;
  private final TimerScheduler<Command> timers;
  private final PromptImages images;
  private final Generator generator;
  private final WayOut wayOut;
  private final Executor preparation;
  private final WorkerVoice voice;
  private final HeldLeases held = new HeldLeases();
  private final List<ActorRef<Drained>> drainers = new ArrayList<>();
  private boolean decoding;
  private boolean draining;
  private boolean isCutOff; // it gets no weights or images, and asks for no leases for a while

  private RolloutWorker(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      Setup setup,
      Generator generator) {
    super(context);
    this.setup = setup;
    this.timers = timers;
    this.images = new PromptImages(context.getSystem(), setup.images());
    this.generator = generator;
    this.preparation =
        context
            .getSystem()
            .dispatchers()
            .lookup(DispatcherSelector.fromConfig("sampo.dispatcher.preparation"));
    ActorRef<Command> self = context.getSelf();
    this.voice = new WorkerVoice(setup.coordinator(), self);
    this.wayOut =
        new WayOut(
            context.getSystem(),
            new WayOut.Setup(
                capacityOfWayOut(generator), setup.wayOut(), setup.rewards(), setup.buffers()),
            held::isLeaving,
            outcome -> self.tell(new Left(outcome)));
    timers.startTimerWithFixedDelay(new Heartbeat(), Duration.ZERO, HEARTBEAT);
  }

  /**
   * A worker without weights.
   *
   * @param generator opened, used and closed by this actor's thread
   */
  public static Behavior<Command> create(Setup setup, Supplier<? extends Generator> generator) {
    return Behaviors.setup(context ->
        Behaviors.withTimers(timers -> new RolloutWorker(context, timers, setup, generator.get())));
  }

  @Override
  public Behavior<Command> onMessage(Command message) {
    switch (message) {
      case Grant grant -> onGrant(grant);
      case Cancel(LeaseId lease, String reason) -> onCancel(lease, reason);
      case Arrived(HeldLeases.Ready group) -> {
        held.arrived(group);
        giveBackIfLeaving();
      }
      case NotReady(RolloutLease lease, Throwable failure) -> onNotReady(lease, failure);
      case Install install -> onInstall(install);
      case WeightsReady arrived -> onWeightsReady(arrived);
      case WeightsUnusable(Install install, String reason) ->
          install.replyTo().tell(new WeightSubscriber.NotInstalled(install.delta(), reason));
      case WeightsAreLate _ -> onWeightsAreLate();
      case AskAgain _ -> isCutOff = false;
      case DecodeNext _ -> onDecodeNext();
      case Left(WayOut.Outcome outcome) -> onLeft(outcome);
      case Heartbeat _ -> onHeartbeat();
      case Drain(ActorRef<Drained> replyTo) -> onDrain(replyTo);
    }
    fillSlots();
    decodeIfThereIsWork();
    demandIfChanged();
    return this;
  }

  private void onGrant(Grant grant) {
    RolloutLease lease = grant.lease();
    if (draining) {
      voice.giveBack(lease.id(), RunCoordinator.GiveBack.Reason.LEAVING, "the worker leaves");
      return;
    }
    held.fetch(lease.id());
    getContext()
        .pipeToSelf(
            CompletableFuture.supplyAsync( // images that are here are read from the disk
                    () -> images.fetch(lease.prompt().images(), grant.blobUrl()), preparation)
                .thenCompose(Function.identity())
                .thenApplyAsync(bytes -> generator.prepareGroup(lease, bytes), preparation),
            (start, failure) ->
                start != null
                    ? new Arrived(new HeldLeases.Ready(lease, start))
                    : new NotReady(lease, failure));
  }

  private void onNotReady(RolloutLease lease, Throwable failure) {
    if (!held.stopFetching(lease.id())) {
      return;
    }
    Throwable cause = Failures.rootOf(failure);
    if (cause instanceof PromptImages.OutOfReachException) {
      askForNothing();
      voice.giveBack(
          lease.id(), RunCoordinator.GiveBack.Reason.OUT_OF_REACH, Failures.messageOf(cause));
    } else {
      voice.badPrompt(lease, Failures.messageOf(cause));
    }
  }

  private void onCancel(LeaseId lease, String reason) {
    getContext().getLog().info("{} is cancelled: {}", lease, reason);
    held.forget(lease);
    if (generator.running().containsKey(lease)) {
      generator.cancel(lease);
    }
  }

  private void fillSlots() {
    Optional<HeldLeases.Ready> next = held.next();
    while (next.isPresent() && hasRoom() && isYoungEnoughFor(next.get())) {
      held.removeNext();
      try {
        next.get().start().run();
      } catch (IllegalArgumentException e) {
        voice.badPrompt(next.get().lease(), String.valueOf(e.getMessage()));
      }
      next = held.next();
    }
    watchForLateWeights();
  }

  private boolean hasRoom() {
    int running = generator.running().size();
    return running < generator.numSlots()
        && running + held.numOnTheWay() < capacityOfWayOut(generator);
  }

  private boolean isYoungEnoughFor(HeldLeases.Ready group) {
    return group.lease().minimumStep() <= generator.version().map(PolicyVersion::step).orElse(-1L);
  }

  /** A worker that cannot get weights must not keep the leases of others for ever. */
  private void watchForLateWeights() {
    Optional<HeldLeases.Ready> next = held.next();
    if (next.isEmpty() || isYoungEnoughFor(next.get())) {
      timers.cancel(WeightsAreLate.class);
    } else if (!timers.isTimerActive(WeightsAreLate.class)) {
      timers.startSingleTimer(
          WeightsAreLate.class, new WeightsAreLate(), next.get().lease().patience());
    }
  }

  private void onWeightsAreLate() {
    askForNothing();
    giveBackWhatIsReady(
        RunCoordinator.GiveBack.Reason.OUT_OF_REACH,
        "the worker gets no weights that are young enough");
  }

  /** What comes back is for workers that have more luck. */
  private void askForNothing() {
    isCutOff = true;
    timers.startSingleTimer(AskAgain.class, new AskAgain(), ASK_AGAIN_AFTER);
    demandIfChanged();
  }

  /** Every group that is begun has a place on the way out. */
  private static int capacityOfWayOut(Generator generator) {
    return 2 * generator.numSlots();
  }

  private void decodeIfThereIsWork() {
    if (!decoding && !generator.running().isEmpty()) {
      decoding = true;
      setup.busy().start();
      getContext().getSelf().tell(new DecodeNext());
    }
  }

  private void onDecodeNext() {
    for (CompletionGroup group : generator.decode()) {
      held.leave(group.lease());
      voice.finished(group);
      wayOut.send(group);
    }
    decoding = false;
    setup.busy().stop();
  }

  private void onLeft(WayOut.Outcome outcome) {
    held.left(outcome.lease());
    switch (outcome) {
      case WayOut.Outcome.Delivered _, WayOut.Outcome.Dropped _ -> {}
      case WayOut.Outcome.Oversize(LeaseId lease, long bytes, long limit) ->
          voice.giveBack(
              lease,
              RunCoordinator.GiveBack.Reason.BAD_PROMPT,
              "its group has %d bytes, a message carries %d".formatted(bytes, limit));
      case WayOut.Outcome.Failed(LeaseId lease, String reason) ->
          voice.giveBack(lease, RunCoordinator.GiveBack.Reason.BAD_PROMPT, reason);
    }
  }

  private void onInstall(Install install) {
    getContext()
        .pipeToSelf(
            CompletableFuture.supplyAsync(
                () -> generator.prepareWeights(install.delta(), install.folder()), preparation),
            (write, failure) ->
                write != null
                    ? new WeightsReady(install, write)
                    : new WeightsUnusable(install, Failures.messageOf(Failures.rootOf(failure))));
  }

  private void onWeightsReady(WeightsReady ready) {
    ready.write().run();
    ready.install().replyTo().tell(new WeightSubscriber.Installed(ready.install().delta()));
    isCutOff = false;
    voice.repeatDemand(); // with the new step
  }

  private void onHeartbeat() {
    voice.stillHere(generator.running(), held.all());
    voice.repeatDemand(); // in case it was lost
  }

  private void onDrain(ActorRef<Drained> replyTo) {
    draining = true;
    drainers.add(replyTo);
    giveBackIfLeaving();
  }

  private void giveBackIfLeaving() {
    if (draining) {
      giveBackWhatIsReady(RunCoordinator.GiveBack.Reason.LEAVING, "the worker leaves");
    }
  }

  private void giveBackWhatIsReady(RunCoordinator.GiveBack.Reason reason, String detail) {
    for (HeldLeases.Ready group : held.removeReady()) {
      voice.giveBack(group.lease().id(), reason, detail);
    }
  }

  private void demandIfChanged() {
    if (draining) {
      answerDrainersIfEmpty();
    } else {
      generator.version().ifPresent(this::demandIfChanged);
    }
  }

  private void demandIfChanged(PolicyVersion weights) {
    int room = generator.numSlots() + Math.min(held.numLeaving(), generator.numSlots());
    voice.demand(isCutOff ? 0 : room, weights);
  }

  private void answerDrainersIfEmpty() {
    if (generator.running().isEmpty() && held.all().isEmpty()) {
      drainers.forEach(drainer -> drainer.tell(new Drained()));
      drainers.clear();
    }
  }

  @Override
  public Behavior<Command> onSignal(Signal signal) {
    if (signal instanceof PostStop) {
      wayOut.shutdown();
      generator.close();
    }
    return this;
  }
}
