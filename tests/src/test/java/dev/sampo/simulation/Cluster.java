package dev.sampo.simulation;

import dev.sampo.actors.pipeline.BusyClock;
import dev.sampo.actors.pipeline.ExperienceBuffer;
import dev.sampo.actors.pipeline.RewardWorker;
import dev.sampo.actors.pipeline.RolloutWorker;
import dev.sampo.actors.pipeline.RunCoordinator;
import dev.sampo.actors.pipeline.Services;
import dev.sampo.actors.pipeline.WayOutSettings;
import dev.sampo.actors.pipeline.WeightBoard;
import dev.sampo.actors.pipeline.WeightPublisher;
import dev.sampo.actors.pipeline.WeightSubscriber;
import dev.sampo.actors.transfer.BlobCache;
import dev.sampo.actors.transfer.FileSource;
import dev.sampo.actors.transfer.TransferException;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.ScoredGroup;
import java.net.ConnectException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.ChildFailed;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.jspecify.annotations.Nullable;

/** The nodes of a run: one with the learner, several that generate, several that score. */
final class Cluster {
  private static final WayOutSettings WAY_OUT =
      new WayOutSettings(
          1 << 20,
          Duration.ofSeconds(5),
          Duration.ofSeconds(3),
          Duration.ofMillis(200),
          Duration.ofDays(1));

  /** A rollout node. */
  static final class Rollout {
    final Place place;
    final FakeEngine engine;
    final Services<RewardWorker.Command> rewards = new Services<>();
    @Nullable ActorRef<RolloutWorker.Command> worker;
    boolean gone;
    boolean isWithoutFiles; // nothing can be fetched, though messages arrive
    long slowUntil; // what is fetched arrives then

    Rollout(Place place, FakeEngine engine) {
      this.place = place;
      this.engine = engine;
    }
  }

  /** A reward node. */
  static final class Rewarder {
    final Place place;
    @Nullable ActorRef<RewardWorker.Command> worker;
    boolean gone;

    Rewarder(Place place) {
      this.place = place;
    }
  }

  private static final AtomicLong HOSTS = new AtomicLong(); // names are used once in a system

  private final Scenario scenario;
  private final Breakage breakage;
  private final ActorSystem system = SimulatedSystem.get();
  private final Schedule schedule;
  private final SplittableRandom random;
  private final Checker checker;
  private final Network network;
  private final Board board;
  private final Learning learning;
  private final List<Rollout> rollouts = new ArrayList<>();
  private final List<Rewarder> rewarders = new ArrayList<>();
  private long judgeDownUntil;
  private final List<ActorRef<?>> hosts = new ArrayList<>();
  private final List<Place> places = new ArrayList<>();

  /**
   * A cluster that has not begun.
   *
   * @param random decides what the nodes' surroundings do
   */
  Cluster(
      Scenario scenario,
      Breakage breakage,
      Schedule schedule,
      SplittableRandom random,
      Checker checker,
      Trace trace) {
    this.scenario = scenario;
    this.breakage = breakage;
    this.schedule = schedule;
    this.random = random;
    this.checker = checker;
    this.network = new Network(system, schedule, scenario.seed() + 2, trace, this::fateOf);
    this.board = new Board(schedule, network);
    this.learning = new Learning(scenario, breakage, schedule, checker);
  }

  /** Starts the nodes that are there from the beginning. */
  void begin() {
    startLearner();
    for (int i = 0; i < scenario.rewarders(); i++) {
      addRewarder();
    }
    for (int i = 0; i < scenario.workers(); i++) {
      addRollout();
    }
  }

  /** Stops everything. */
  void stop() {
    network.stop();
    hosts.forEach(host -> system.stop(Adapter.toClassic(host)));
    schedule.finish(places);
  }

  /** What the learner has come to. */
  Optional<PolicyVersion> newest() {
    return checker.newest();
  }

  Network network() {
    return network;
  }

  Learning learning() {
    return learning;
  }

  List<Rollout> rollouts() {
    return rollouts;
  }

  List<Rewarder> rewarders() {
    return rewarders;
  }

  List<Place> places() {
    return places;
  }

  /** Starts the learner's node at its present place. */
  void startLearner() {
    Place place = learning.place();
    places.add(place);
    Place trainer = learning.trainerPlace();
    places.add(trainer);
    host(
        place,
        context -> learning.start(context, boardAt(context, place)),
        failed -> onLearnerFailed(place, trainer, failed));
  }

  /** Another process goes on with the run, at a place of its own. */
  void startAnotherLearner() {
    network.partFrom(learning.place());
    learning.moveOn();
    startLearner();
  }

  /** A life that another one has overtaken has to end; the run needs one that goes on. */
  private void onLearnerFailed(Place place, Place trainer, ChildFailed failed) {
    if (!checker.isOvertaken(place)) {
      onFailed(failed);
      return;
    }
    place.kill();
    trainer.kill();
    if (place == learning.place()) {
      schedule.after(
          Duration.ofMillis(random.nextInt(20_000)), Place.NOWHERE, this::startAnotherLearner);
    }
  }

  /** An actor that has the others of a node as children and tells when one fails. */
  void host(Place place, Consumer<ActorContext<Object>> content) {
    host(place, content, this::onFailed);
  }

  private void host(
      Place place, Consumer<ActorContext<Object>> content, Consumer<ChildFailed> failures) {
    String name = place + "-of-" + HOSTS.incrementAndGet();
    schedule.settle(name, place);
    hosts.add(Adapter.spawn(system, hostOf(content, failures), name));
  }

  private static Behavior<Object> hostOf(
      Consumer<ActorContext<Object>> content, Consumer<ChildFailed> failures) {
    return Behaviors.setup(context -> {
      content.accept(context);
      return Behaviors.receive(Object.class)
          .onSignal(
              ChildFailed.class,
              failed -> {
                failures.accept(failed);
                return Behaviors.same();
              })
          .build();
    });
  }

  private void onFailed(ChildFailed failed) {
    checker.broken(
        "no actor fails: %s failed with %s"
            .formatted(failed.getRef().path().name(), failed.getCause()));
  }

  private ActorRef<WeightBoard.Command> boardAt(ActorContext<?> context, Place place) {
    return context.spawn(board.at(learning::place, place), "weight-board");
  }

  /** A node joins. */
  void addRewarder() {
    Rewarder rewarder = new Rewarder(new Place("reward-" + rewarders.size()));
    places.add(rewarder.place);
    rewarders.add(rewarder);
    int maxInFlight = 1 + random.nextInt(4);
    host(
        rewarder.place,
        context -> {
          rewarder.worker =
              context.spawn(
                  RewardWorker.create(this::score, maxInFlight, new BusyClock(schedule::nanos)),
                  "reward");
          context.watch(rewarder.worker);
        });
    rollouts.forEach(this::refreshRewards);
  }

  /** A rollout node hears which reward nodes there are. */
  void refreshRewards(Rollout rollout) {
    schedule.after(
        Duration.ofMillis(random.nextInt(2_000)),
        rollout.place,
        () ->
            rollout.rewards.update(
                rewarders.stream()
                    .filter(rewarder -> !rewarder.gone)
                    .map(rewarder ->
                        network.link(
                            rollout.place,
                            rewarder.place,
                            () -> Optional.ofNullable(rewarder.worker)))
                    .toList()));
  }

  /** A node joins. */
  void addRollout() {
    String name = "rollout-" + rollouts.size();
    Rollout rollout = new Rollout(new Place(name), new FakeEngine(name, scenario.slots(), checker));
    places.add(rollout.place);
    rollouts.add(rollout);
    refreshRewards(rollout);
    Place place = rollout.place;
    Services<ExperienceBuffer.Command> buffers = new Services<>();
    buffers.update(List.of(network.link(() -> place, learning::place, learning::buffer)));
    Services<WeightPublisher.Command> publishers = new Services<>();
    publishers.update(List.of(network.link(() -> place, learning::place, learning::publisher)));
    ActorRef<RunCoordinator.Command> coordinator =
        network.link(() -> place, learning::place, learning::coordinator);
    FileSource files = (urls, sha256, target) -> fetch(rollout, target);
    host(
        place,
        context -> {
          RolloutWorker.Setup setup =
              new RolloutWorker.Setup(
                  coordinator,
                  new BlobCache(files, SimulatedSystem.images(), Long.MAX_VALUE),
                  rollout.rewards,
                  buffers,
                  WAY_OUT,
                  new BusyClock(schedule::nanos));
          rollout.worker =
              context.spawn(RolloutWorker.create(setup, () -> rollout.engine), "rollout");
          context.watch(rollout.worker);
          context.watch(
              context.spawn(
                  WeightSubscriber.create(
                      rollout.worker,
                      publishers,
                      boardAt(context, place),
                      files,
                      Path.of("no-such-folder"),
                      Optional.empty()),
                  "weight-subscriber"));
        });
  }

  private CompletionStage<Path> fetch(Rollout rollout, Path target) {
    CompletableFuture<Path> fetched = new CompletableFuture<>();
    boolean fails = !scenario.isCalm() && random.nextInt(20) == 0;
    long slow = Math.max(0, rollout.slowUntil - schedule.nanos());
    schedule.after(
        Duration.ofNanos(slow).plusMillis(random.nextInt(300)),
        () -> {
          if (rollout.isWithoutFiles || learning.place().isKilled()) {
            fetched.completeExceptionally(new ConnectException("nobody is there"));
          } else if (fails) {
            fetched.completeExceptionally(new TransferException("answered 503", false));
          } else {
            fetched.complete(target);
          }
        });
    return fetched;
  }

  /** Every reward fails for a while. */
  void loseJudge(Duration duration) {
    judgeDownUntil = schedule.nanos() + duration.toNanos();
  }

  private CompletionStage<List<CompletionScore>> score(CompletionGroup group) {
    CompletableFuture<List<CompletionScore>> scores = new CompletableFuture<>();
    boolean slow = random.nextDouble() < scenario.slowRewards();
    boolean fails = !scenario.isCalm() && random.nextInt(30) == 0;
    boolean unscorable = !scenario.isCalm() && random.nextInt(30) == 0;
    Optional<RewardOutcome> failure = scenario.failureOf(group.lease().group());
    if (unscorable || failure.isPresent()) {
      checker.excuse(group.lease().group());
    }
    RewardOutcome outcome =
        unscorable
            ? new RewardOutcome.Unscorable("no answer")
            : failure.orElse(new RewardOutcome.Scored(1));
    schedule.after(
        Duration.ofMillis(slow ? random.nextInt(40_000) : random.nextInt(30)),
        () -> {
          if (schedule.nanos() < judgeDownUntil) {
            scores.complete(scoresOf(group, new RewardOutcome.Failed("the judge is down")));
          } else if (fails) {
            scores.completeExceptionally(new IllegalStateException("no score"));
          } else {
            scores.complete(scoresOf(group, outcome));
          }
        });
    return scores;
  }

  private static List<CompletionScore> scoresOf(CompletionGroup group, RewardOutcome outcome) {
    OptionalDouble total =
        outcome instanceof RewardOutcome.Scored(double value)
            ? OptionalDouble.of(value)
            : OptionalDouble.empty();
    return Collections.nCopies(
        group.completions().size(), new CompletionScore(Map.of("r", outcome), total));
  }

  private Object fateOf(Place sender, Object message) {
    Object sent = message;
    if (breakage == Breakage.LOSE_ON_BUSY
        && message instanceof ExperienceBuffer.Busy(LeaseId lease, Duration _)) {
      sent = new ExperienceBuffer.Discarded(lease, "there is no room");
    }
    if (breakage == Breakage.OTHER_SEEDS
        && message instanceof RolloutWorker.Grant(var coordinator, var lease, String url)) {
      sent = new RolloutWorker.Grant(coordinator, withOtherSeed(lease), url);
    }
    if (sent instanceof RolloutWorker.Grant grant) {
      checker.sent(grant.lease());
    }
    if (sent instanceof ExperienceBuffer.Answer answer) {
      checker.answered(sender, answer);
    }
    return sent;
  }

  private static RolloutLease withOtherSeed(RolloutLease lease) {
    return new RolloutLease(
        lease.id(),
        lease.prompt(),
        lease.numCompletions(),
        lease.sampling(),
        lease.seed() + lease.id().attempt(),
        lease.minimumStep(),
        lease.patience());
  }

  /**
   * A worker of an earlier term, which nobody has told that it is over, goes on with its groups and
   * offers them. Some are sampled by the weights that its term began with, which still count.
   */
  void haunt() {
    Place place = new Place("ghost");
    places.add(place);
    ActorRef<ExperienceBuffer.Command> buffer =
        network.link(() -> place, learning::place, learning::buffer);
    ActorRef<RunCoordinator.Command> coordinator =
        network.link(() -> place, learning::place, learning::coordinator);
    host(
        place,
        context -> {
          ActorRef<ExperienceBuffer.Answer> ear = context.spawn(Behaviors.ignore(), "ear");
          ActorRef<RolloutWorker.Command> worker = context.spawn(Behaviors.ignore(), "worker");
          for (int i = 0; i < 8; i++) {
            long step = random.nextInt(2);
            ScoredGroup group =
                Ghost.group(random.nextInt(scenario.groupsPerStep()), Learning.PAST, step);
            LeaseId lease = group.group().lease();
            schedule.after(
                Duration.ofMillis(random.nextInt(2_000)),
                () -> coordinator.tell(new RunCoordinator.Progress(worker, lease, 1, step)));
            schedule.after(
                Duration.ofMillis(random.nextInt(10_000)),
                () -> buffer.tell(new ExperienceBuffer.Offer(group, ear)));
          }
        });
  }
}
