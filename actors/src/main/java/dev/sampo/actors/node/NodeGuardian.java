package dev.sampo.actors.node;

import dev.sampo.actors.RunListener;
import dev.sampo.actors.pipeline.ExperienceBuffer;
import dev.sampo.actors.pipeline.JournalWriter;
import dev.sampo.actors.pipeline.Learner;
import dev.sampo.actors.pipeline.Recorder;
import dev.sampo.actors.pipeline.RewardWorker;
import dev.sampo.actors.pipeline.RolloutWorker;
import dev.sampo.actors.pipeline.RunCoordinator;
import dev.sampo.actors.pipeline.Services;
import dev.sampo.actors.pipeline.StepMeter;
import dev.sampo.actors.pipeline.WayOutSettings;
import dev.sampo.actors.pipeline.WeightBoard;
import dev.sampo.actors.pipeline.WeightPublisher;
import dev.sampo.actors.pipeline.WeightSubscriber;
import dev.sampo.actors.run.ExperienceQueue;
import dev.sampo.actors.run.GroupDispatch;
import dev.sampo.actors.run.StalenessGate;
import dev.sampo.actors.transfer.BlobCache;
import dev.sampo.actors.transfer.HashedFiles;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ledger.LedgerEvent;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.ChildFailed;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.Signal;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;
import org.apache.pekko.cluster.typed.ClusterSingleton;
import org.apache.pekko.cluster.typed.ClusterSingletonSettings;
import org.apache.pekko.cluster.typed.SingletonActor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Spawns what the node's parts say and knows it by name. When something that the node cannot do
 * without fails, the node's result fails.
 */
final class NodeGuardian extends AbstractMatchingBehavior<NodeGuardian.Command> {
  private static final Logger LOG = LoggerFactory.getLogger(NodeGuardian.class);
  private static final DispatcherSelector DEVICE =
      DispatcherSelector.fromConfig("sampo.dispatcher.device");
  private static final DispatcherSelector DURABLE =
      DispatcherSelector.fromConfig("sampo.dispatcher.durable");
  private static final Duration RETRY = Duration.ofMillis(200);
  private static final Duration REWARD_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration OFFER_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration QUIET = Duration.ofSeconds(10);
  private static final long ENVELOPE_BYTES = 64 << 10; // what scores and addresses add to a group
  private static final String LEARNER_ROLE = "learner";

  sealed interface Command {}

  /** Spawn the parts; sent once, when the HTTP server is up. */
  record Begin(String httpUrl) implements Command {}

  /** The learner shall save a checkpoint after the step under way, and wait. */
  record Pause() implements Command {}

  /** The learner shall go on. */
  record Resume() implements Command {}

  /** Hands a message on to the coordinator, wherever it is. */
  record ToCoordinator(RunCoordinator.Command message) implements Command {}

  /** Stop taking work; answered when no group is under way here. */
  record Drain(ActorRef<RolloutWorker.Drained> replyTo) implements Command {}

  /** Take no further step; answered when there is a checkpoint of the last one. */
  record DrainLearner(ActorRef<Learner.Drained> replyTo) implements Command {}

  private record Listed(Receptionist.Listing listing) implements Command {}

  private record RunEnded(Learner.Ending ending) implements Command {}

  private final NodeParts parts;
  private final RunListener listener;
  private final NodeClocks clocks;
  private final CompletableFuture<PolicyVersion> finished;
  private final NodeAddress address;
  private final ActorRef<Receptionist.Listing> listings;
  private final ActorRef<WeightBoard.Command> board;
  private final Map<ServiceKey<?>, Consumer<Receptionist.Listing>> directory = new HashMap<>();
  private Optional<ActorRef<RunCoordinator.Command>> coordinator = Optional.empty();
  private Optional<ActorRef<Learner.Command>> learner = Optional.empty();
  private Optional<ActorRef<RolloutWorker.Command>> worker = Optional.empty();
  private Optional<ActorRef<RunEndNotice.Command>> notice = Optional.empty();

  private NodeGuardian(
      ActorContext<Command> context,
      NodeParts parts,
      RunListener listener,
      NodeClocks clocks,
      CompletableFuture<PolicyVersion> finished,
      NodeAddress address) {
    super(context);
    this.address = address;
    this.parts = parts;
    this.listener = listener;
    this.clocks = clocks;
    this.finished = finished;
    this.listings = context.messageAdapter(Receptionist.Listing.class, Listed::new);
    this.board = context.spawn(WeightBoard.create(), "weight-board");
    context.watch(board);
  }

  /**
   * A guardian that waits for {@link Begin}.
   *
   * @param finished completed with the last version on the learner's node, and with the failure of
   *     a part on any node
   */
  static Behavior<Command> create(
      NodeParts parts,
      RunListener listener,
      NodeClocks clocks,
      CompletableFuture<PolicyVersion> finished,
      NodeAddress address) {
    return Behaviors.setup(
        context -> new NodeGuardian(context, parts, listener, clocks, finished, address));
  }

  @Override
  public Behavior<Command> onMessage(Command message) {
    switch (message) {
      case Begin(String httpUrl) -> begin(httpUrl);
      case Pause _ ->
          learner.ifPresent(present -> present.tell(new Learner.Pause("somebody asked for it")));
      case Resume _ -> learner.ifPresent(present -> present.tell(new Learner.Resume()));
      case ToCoordinator(RunCoordinator.Command question) ->
          coordinator.ifPresent(present -> present.tell(question));
      case Drain(ActorRef<RolloutWorker.Drained> replyTo) ->
          worker.ifPresentOrElse(
              present -> present.tell(new RolloutWorker.Drain(replyTo)),
              () -> replyTo.tell(new RolloutWorker.Drained()));
      case DrainLearner(ActorRef<Learner.Drained> replyTo) ->
          learner.ifPresentOrElse(
              present -> present.tell(new Learner.Drain(replyTo)),
              () -> replyTo.tell(new Learner.Drained()));
      case Listed(Receptionist.Listing listing) ->
          Objects.requireNonNull(directory.get(listing.getKey())).accept(listing);
      case RunEnded(Learner.Finished(PolicyVersion version)) -> {
        notice.ifPresent(present -> present.tell(new RunEndNotice.Finished(version)));
        finished.complete(version);
      }
      case RunEnded(Learner.Stopped(String reason)) ->
          finished.completeExceptionally(new RunStoppedException(reason));
    }
    return this;
  }

  @Override
  public Behavior<Command> onSignal(Signal signal) {
    if (signal instanceof ChildFailed failed) {
      // A dead worker has nothing to drain.
      worker = worker.filter(present -> !present.path().equals(failed.getRef().path()));
      finished.completeExceptionally(failed.getCause());
    }
    return this;
  }

  private void begin(String httpUrl) {
    coordinator = Optional.of(startCoordinator(httpUrl));
    parts.reward().ifPresent(this::startReward);
    parts.learner().ifPresent(part -> startLearner(part, httpUrl));
    parts.rollout().ifPresent(this::startRollout);
    if (parts.learner().isEmpty()) {
      boolean isGuest = address.join().isPresent();
      getContext().spawn(LearnerWatch.create(LEARNER_ROLE, isGuest, finished), "learner-watch");
    }
  }

  private ActorRef<RunCoordinator.Command> startCoordinator(String httpUrl) {
    Behavior<RunCoordinator.Command> behavior =
        parts.learner().map(part -> coordinator(part, httpUrl)).orElse(Behaviors.empty());
    ClusterSingletonSettings settings =
        ClusterSingletonSettings.create(getContext().getSystem()).withRole(LEARNER_ROLE);
    return ClusterSingleton.get(getContext().getSystem())
        .init(
            SingletonActor.of(
                    FailureWatch.over(RunCoordinator.Command.class, behavior, finished),
                    "coordinator")
                .withProps(DispatcherSelector.blocking()) // it reads rows and hashes their images
                .withSettings(settings));
  }

  private Behavior<RunCoordinator.Command> coordinator(LearnerPart part, String httpUrl) {
    ActorRef<JournalWriter.Command> journal =
        getContext()
            .spawn(
                JournalWriter.create(part.ledger().journal(), part.patience()), "journal", DURABLE);
    getContext().watch(journal);
    RunCoordinator.Setup setup =
        new RunCoordinator.Setup(
            part.gate().steps(),
            part.stragglerWait(),
            address.patience(),
            httpUrl + "/blobs",
            journal);
    return RunCoordinator.create(events -> dispatch(part, events), setup, steadyClock());
  }

  /** Leases are no matter of the time of day: when that is set, none may expire or live on. */
  private static InstantSource steadyClock() {
    long start = System.nanoTime();
    return () -> Instant.EPOCH.plusNanos(System.nanoTime() - start);
  }

  private GroupDispatch dispatch(LearnerPart part, Consumer<LedgerEvent> events) {
    return new GroupDispatch(
        part.ledger().groups(),
        part.terms(),
        part.gate(),
        part.feed(),
        events.andThen(this::tellOfSetAside),
        event -> LOG.debug("{}", event));
  }

  private void tellOfSetAside(LedgerEvent event) {
    if (event instanceof LedgerEvent.GroupSetAside(var group, String reason)) {
      listener.groupSetAside(reason);
    }
  }

  private void startReward(RewardPart part) {
    ActorRef<RewardWorker.Command> rewards =
        getContext()
            .spawn(
                RewardWorker.create(part.rewards(), part.maxInFlight(), clocks.reward()), "reward");
    getContext().watch(rewards);
    register(RewardWorker.KEY, rewards);
  }

  private void startLearner(LearnerPart part, String httpUrl) {
    ActorRef<Recorder.Command> recorder =
        getContext().spawn(Recorder.create(part.recording(), part.images()), "recorder", DURABLE);
    ActorRef<WeightPublisher.Command> publisher =
        getContext().spawn(WeightPublisher.create(board, httpUrl + "/weights"), "weights");
    ActorRef<ExperienceBuffer.Command> buffer =
        getContext()
            .spawn(
                ExperienceBuffer.create(
                    new ExperienceBuffer.Setup(
                        capacity(part.gate()), RETRY, coordinator.orElseThrow(), recorder),
                    new ExperienceQueue(part.gate(), part.replacement()),
                    part.restored()),
                "experience");
    ActorRef<Learner.Command> started =
        getContext()
            .spawn(
                Learner.create(
                    learnerSetup(part, recorder, publisher, buffer),
                    part.trainer(),
                    new StepMeter(
                        System::nanoTime,
                        clocks.learner(),
                        clocks.others(),
                        parts.rollout().map(RolloutPart::measurements).orElse(Map::of))),
                "learner",
                DEVICE);
    notice = Optional.of(getContext().spawn(RunEndNotice.create(), "run-end-notice"));
    publisher.tell(new WeightPublisher.LearnerIs(started));
    learner = Optional.of(started);
    register(ExperienceBuffer.KEY, buffer);
    register(WeightPublisher.KEY, publisher);
    getContext().watch(recorder);
    getContext().watch(publisher);
    getContext().watch(buffer);
    getContext().watch(started);
  }

  private Learner.Setup learnerSetup(
      LearnerPart part,
      ActorRef<Recorder.Command> recorder,
      ActorRef<WeightPublisher.Command> publisher,
      ActorRef<ExperienceBuffer.Command> buffer) {
    ActorRef<Learner.Ending> ended =
        getContext().messageAdapter(Learner.Ending.class, RunEnded::new);
    return new Learner.Setup(
        part.gate().steps(),
        coordinator.orElseThrow(),
        buffer,
        recorder,
        publisher,
        part.guards(),
        part.skips(),
        listener,
        ended);
  }

  /** As many groups as the gate ever lets wait, so that a full buffer is the exception. */
  private static int capacity(StalenessGate gate) {
    return (gate.maxStaleness() + 1) * gate.groupsPerStep();
  }

  private void startRollout(RolloutPart part) {
    HashedFiles files = new HashedFiles(getContext().getSystem());
    BlobCache images = new BlobCache(files, part.scratch().resolve("blobs"), part.cacheBytes());
    RolloutWorker.Setup setup =
        new RolloutWorker.Setup(
            coordinator.orElseThrow(),
            images,
            services(RewardWorker.KEY),
            services(ExperienceBuffer.KEY),
            wayOut(),
            clocks.rollout());
    ActorRef<RolloutWorker.Command> started =
        getContext().spawn(RolloutWorker.create(setup, part.generator()), "rollout", DEVICE);
    worker = Optional.of(started);
    ActorRef<WeightSubscriber.Command> subscriber =
        getContext()
            .spawn(
                WeightSubscriber.create(
                    started,
                    services(WeightPublisher.KEY),
                    board,
                    files,
                    part.scratch().resolve("weights"),
                    patience()),
                "weight-subscriber");
    getContext().watch(started);
    getContext().watch(subscriber);
  }

  /** Beside a learner, weights come sooner or later: it may have steps to take again before. */
  private Optional<Duration> patience() {
    return parts.learner().isPresent() ? Optional.empty() : Optional.of(address.patience());
  }

  private WayOutSettings wayOut() {
    long frame =
        getContext()
            .getSystem()
            .settings()
            .config()
            .getBytes("pekko.remote.artery.advanced.maximum-large-frame-size");
    return new WayOutSettings(frame - ENVELOPE_BYTES, REWARD_TIMEOUT, OFFER_TIMEOUT, RETRY, QUIET);
  }

  private <T> Services<T> services(ServiceKey<T> key) {
    Services<T> services = new Services<>();
    directory.put(key, listing -> services.update(listing.getServiceInstances(key)));
    getContext().getSystem().receptionist().tell(Receptionist.subscribe(key, listings));
    return services;
  }

  private <T> void register(ServiceKey<T> key, ActorRef<T> service) {
    getContext().getSystem().receptionist().tell(Receptionist.register(key, service));
  }
}
