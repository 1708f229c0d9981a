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
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.ScoredGroup;
import java.net.ConnectException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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

/** One run of the whole protocol, from a scenario and its faults. */
final class SimulatedRun {
  /** The cluster removes a node that is silent for so long. */
  static final Duration REMOVED_AFTER = Duration.ofSeconds(10);

  private static final WayOutSettings WAY_OUT =
      new WayOutSettings(
          1 << 20, Duration.ofSeconds(5), Duration.ofSeconds(3), Duration.ofMillis(200));
  private static final Duration LEAVES_AT_LAST = Duration.ofSeconds(60);
  private static final Duration REST = Duration.ofSeconds(60);
  private static final Duration MOST_TIME_AFTER_FAULTS = Duration.ofMinutes(20);
  private static final long MOST_TASKS = 3_000_000;

  /**
   * How a run went.
   *
   * @param violation the first broken rule
   * @param tasks turns that were taken
   * @param digest equal for equal orders
   * @param report what failed and what came before; empty if nothing did
   */
  record Result(
      Optional<Violation> violation,
      long tasks,
      Duration elapsed,
      long digest,
      List<String> sentBack,
      String report) {}

  /** A rollout node. */
  private static final class Rollout {
    final Place place;
    final FakeEngine engine;
    final Services<RewardWorker.Command> rewards = new Services<>();
    @Nullable ActorRef<RolloutWorker.Command> worker;
    boolean gone;
    boolean isWithoutFiles; // nothing can be fetched, though messages arrive

    Rollout(Place place, FakeEngine engine) {
      this.place = place;
      this.engine = engine;
    }
  }

  /** A reward node. */
  private static final class Rewarder {
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
  private final Schedule schedule = SimulatedSystem.schedule();
  private final SplittableRandom random;
  private final Trace trace = new Trace(schedule);
  private final Checker checker;
  private final Network network;
  private final Board board;
  private final Learning learning;
  private final List<Rollout> rollouts = new ArrayList<>();
  private final List<Rewarder> rewarders = new ArrayList<>();
  private final List<ActorRef<?>> hosts = new ArrayList<>();
  private final List<Place> places = new ArrayList<>();

  SimulatedRun(Scenario scenario, Breakage breakage) {
    this.scenario = scenario;
    this.breakage = breakage;
    this.random = new SplittableRandom(scenario.seed() + 1);
    this.checker = new Checker(scenario, schedule, trace);
    this.network = new Network(system, schedule, scenario.seed() + 2, trace, this::fateOf);
    this.board = new Board(schedule, network);
    this.learning = new Learning(scenario, breakage, schedule, checker);
  }

  /** Runs to the end, or to the first broken rule. */
  Result run() {
    schedule.begin(scenario.seed());
    begin();
    Duration deadline = scenario.faultsEnd().plus(MOST_TIME_AFTER_FAULTS);
    while (!learning.isFinished() && checker.violation().isEmpty()) {
      if (!schedule.step()
          || schedule.elapsed().compareTo(deadline) > 0
          || schedule.tasksDone() > MOST_TASKS) {
        checker.broken("the run ends: after " + schedule.elapsed() + " it is at " + checker);
      }
    }
    rest();
    if (schedule.intruder() != null) {
      checker.broken("one thread runs everything, not " + schedule.intruder());
    }
    Result result = result();
    cleanUp();
    return result;
  }

  private void rest() {
    Duration until = schedule.elapsed().plus(REST);
    while (checker.violation().isEmpty() && schedule.elapsed().compareTo(until) < 0) {
      schedule.step();
    }
    if (checker.violation().isEmpty()) {
      checker.finished();
    }
  }

  private Result result() {
    String report =
        checker
            .violation()
            .map(violation ->
                """
                seed %d breaks a rule: %s
                again: mvn -pl tests -am test -Dtest=SimulationTest#noOrderOfEventsBreaksARule -Dsurefire.failIfNoSpecifiedTests=false -Dsampo.simulation.from=%d -Dsampo.simulation.seeds=1
                schedule %016x, %d turns, %s
                %s
                %s\
                """
                    .formatted(
                        scenario.seed(),
                        violation.getMessage(),
                        scenario.seed(),
                        schedule.digest(),
                        schedule.tasksDone(),
                        scenario,
                        checker,
                        trace))
            .orElse("");
    return new Result(
        checker.violation(),
        schedule.tasksDone(),
        schedule.elapsed(),
        schedule.digest(),
        checker.sentBack(),
        report);
  }

  private void cleanUp() {
    network.stop();
    hosts.forEach(host -> system.stop(Adapter.toClassic(host)));
    schedule.finish(places);
  }

  private void begin() {
    startLearner();
    for (int i = 0; i < scenario.rewarders(); i++) {
      addRewarder();
    }
    for (int i = 0; i < scenario.workers(); i++) {
      addRollout();
    }
    if (!scenario.isCalm()) {
      new Faults().plan();
      if (random.nextBoolean()) {
        haunt();
      }
    }
  }

  private void startLearner() {
    Place place = learning.place();
    places.add(place);
    places.add(learning.trainerPlace());
    host(place, context -> learning.start(context, boardAt(context, place)));
  }

  /** An actor that has the others of a node as children and tells when one fails. */
  private void host(Place place, Consumer<ActorContext<Object>> content) {
    String name = place + "-of-" + HOSTS.incrementAndGet();
    schedule.settle(name, place);
    hosts.add(Adapter.spawn(system, hostOf(content), name));
  }

  private Behavior<Object> hostOf(Consumer<ActorContext<Object>> content) {
    return Behaviors.setup(context -> {
      content.accept(context);
      return Behaviors.receive(Object.class)
          .onSignal(
              ChildFailed.class,
              failed -> {
                checker.broken(
                    "no actor fails: %s failed with %s"
                        .formatted(failed.getRef().path().name(), failed.getCause()));
                return Behaviors.same();
              })
          .build();
    });
  }

  private ActorRef<WeightBoard.Command> boardAt(ActorContext<?> context, Place place) {
    return context.spawn(board.at(learning::place, place), "weight-board");
  }

  private void addRewarder() {
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

  private void refreshRewards(Rollout rollout) {
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

  private void addRollout() {
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
                      Path.of("no-such-folder")),
                  "weight-subscriber"));
        });
  }

  private CompletionStage<Path> fetch(Rollout rollout, Path target) {
    CompletableFuture<Path> fetched = new CompletableFuture<>();
    boolean fails = !scenario.isCalm() && random.nextInt(20) == 0;
    schedule.after(
        Duration.ofMillis(random.nextInt(300)),
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

  private CompletionStage<List<CompletionScore>> score(CompletionGroup group) {
    CompletableFuture<List<CompletionScore>> scores = new CompletableFuture<>();
    boolean slow = random.nextDouble() < scenario.slowRewards();
    boolean fails = !scenario.isCalm() && random.nextInt(30) == 0;
    boolean unscorable = !scenario.isCalm() && random.nextInt(30) == 0;
    if (unscorable) {
      checker.excuse(group.lease().group());
    }
    schedule.after(
        Duration.ofMillis(slow ? random.nextInt(40_000) : random.nextInt(30)),
        () -> {
          if (fails) {
            scores.completeExceptionally(new IllegalStateException("no score"));
          } else {
            scores.complete(group.completions().stream().map(done -> scoreOf(unscorable)).toList());
          }
        });
    return scores;
  }

  private static CompletionScore scoreOf(boolean unscorable) {
    return unscorable
        ? new CompletionScore(
            Map.of("r", new RewardOutcome.Unscorable("no answer")), OptionalDouble.empty())
        : new CompletionScore(Map.of("r", new RewardOutcome.Scored(1)), OptionalDouble.of(1));
  }

  private Object fateOf(Object message) {
    Object sent = message;
    if (breakage == Breakage.LOSE_ON_BUSY
        && message instanceof ExperienceBuffer.Busy(LeaseId lease, Duration _)) {
      sent = new ExperienceBuffer.Discarded(lease, "there is no room");
    }
    if (breakage == Breakage.SKIP_TERM_FENCE
        && message instanceof ExperienceBuffer.Offer(ScoredGroup group, var replyTo)
        && Ghost.isOne(group.group())
        && checker.newest().isPresent()) {
      sent =
          new ExperienceBuffer.Offer(
              Ghost.disguised(group, checker.term(), checker.newest().get()), replyTo);
    }
    if (sent instanceof ExperienceBuffer.Answer answer) {
      checker.answered(answer);
    }
    return sent;
  }

  /** A worker of an earlier term, which nobody has told that it is over, offers its groups. */
  private void haunt() {
    Place place = new Place("ghost");
    places.add(place);
    ActorRef<ExperienceBuffer.Command> buffer =
        network.link(() -> place, learning::place, learning::buffer);
    host(
        place,
        context -> {
          ActorRef<ExperienceBuffer.Answer> ear = context.spawn(Behaviors.ignore(), "ear");
          for (int i = 0; i < 8; i++) {
            ScoredGroup group = Ghost.group(random.nextInt(12), Learning.PAST);
            schedule.after(
                Duration.ofMillis(random.nextInt(10_000)),
                () -> buffer.tell(new ExperienceBuffer.Offer(group, ear)));
          }
        });
  }

  /** What goes wrong, and when. */
  private final class Faults {
    void plan() {
      for (int i = 0; i < scenario.faults(); i++) {
        schedule.after(anyTime(), Place.NOWHERE, this::one);
      }
      if (random.nextInt(3) == 0) {
        network.disturb(0.1 * random.nextDouble(), 0.1 * random.nextDouble());
      }
      schedule.after(scenario.faultsEnd(), Place.NOWHERE, this::end);
    }

    private Duration anyTime() {
      return Duration.ofMillis(random.nextLong(scenario.faultsEnd().toMillis()));
    }

    private Duration upTo(int seconds) {
      return Duration.ofMillis(1 + random.nextInt(seconds * 1000));
    }

    private void one() {
      int kind = random.nextInt(15);
      trace.add("FAULT", kind);
      switch (kind) {
        case 0 -> addRollout();
        case 1 -> addRewarder();
        case 2 -> anyRollout().ifPresent(this::leave);
        case 3 -> anyRollout().ifPresent(this::kill);
        case 4 -> anyRewarder().ifPresent(this::kill);
        case 5 ->
            anyRollout().ifPresent(rollout -> freeze(rollout.place, upTo(25), () -> gone(rollout)));
        case 6 ->
            anyRewarder()
                .ifPresent(rewarder -> freeze(rewarder.place, upTo(25), () -> gone(rewarder)));
        case 7 -> {
          Duration duration = upTo(8);
          freeze(learning.place(), duration, () -> {});
          freeze(learning.trainerPlace(), duration, () -> {});
        }
        case 8 -> anyRollout().ifPresent(this::partition);
        case 9 ->
            anyRollout()
                .ifPresent(rollout -> {
                  if (random.nextBoolean()) {
                    rollout.place.slowDown(2 + random.nextInt(30));
                  } else {
                    rollout.engine.stick(true);
                    schedule.after(
                        upTo(40),
                        Place.NOWHERE,
                        () -> {
                          rollout.engine.stick(false);
                        });
                  }
                });
        case 10 -> anyRollout().ifPresent(rollout -> rollout.isWithoutFiles = true);
        case 11 -> learning.silenceRecorder(upTo(50));
        case 12 -> learning.loseJournal(upTo(30));
        default -> killLearner();
      }
    }

    private Optional<Rollout> anyRollout() {
      return any(rollouts.stream().filter(rollout -> !rollout.gone).toList());
    }

    private Optional<Rewarder> anyRewarder() {
      return any(rewarders.stream().filter(rewarder -> !rewarder.gone).toList());
    }

    private <T> Optional<T> any(List<T> list) {
      return list.isEmpty() ? Optional.empty() : Optional.of(list.get(random.nextInt(list.size())));
    }

    private void leave(Rollout rollout) {
      rollout.gone = true;
      if (rollout.worker == null) {
        return;
      }
      ActorRef<RolloutWorker.Command> worker = rollout.worker;
      host(
          rollout.place,
          context ->
              worker.tell(
                  new RolloutWorker.Drain(
                      context.spawn(
                          Behaviors.receiveMessage((RolloutWorker.Drained drained) -> {
                            left(rollout.place);
                            return Behaviors.stopped();
                          }),
                          "drained"))));
      schedule.after(LEAVES_AT_LAST, Place.NOWHERE, () -> left(rollout.place));
    }

    private void left(Place place) {
      schedule.after(
          upTo(2),
          Place.NOWHERE,
          () -> {
            place.kill();
            network.remove(place);
          });
    }

    private void kill(Rollout rollout) {
      rollout.place.kill();
      schedule.after(REMOVED_AFTER, Place.NOWHERE, () -> gone(rollout));
    }

    private void kill(Rewarder rewarder) {
      rewarder.place.kill();
      schedule.after(REMOVED_AFTER, Place.NOWHERE, () -> gone(rewarder));
    }

    private void killLearner() {
      if (learning.place().isKilled() || learning.isFinished()) {
        return;
      }
      learning.die();
      schedule.after(
          upTo(20),
          Place.NOWHERE,
          () -> {
            network.forgetWhatIsUnderWay();
            learning.moveOn();
            startLearner();
          });
    }

    private void gone(Rollout rollout) {
      rollout.gone = true;
      network.remove(rollout.place);
      if (random.nextInt(3) > 0) {
        addRollout();
      }
      leaveSomebody();
    }

    private void gone(Rewarder rewarder) {
      rewarder.gone = true;
      network.remove(rewarder.place);
      rollouts.forEach(SimulatedRun.this::refreshRewards);
      if (random.nextInt(3) > 0) {
        addRewarder();
      }
      leaveSomebody();
    }

    private void freeze(Place place, Duration duration, Runnable removed) {
      place.freeze();
      schedule.after(duration, Place.NOWHERE, () -> schedule.thaw(place));
      if (duration.compareTo(REMOVED_AFTER) > 0) {
        schedule.after(REMOVED_AFTER, Place.NOWHERE, removed);
      }
    }

    private void partition(Rollout rollout) {
      Duration duration = upTo(20);
      Place other =
          random.nextInt(3) == 0
              ? anyRewarder().map(r -> r.place).orElse(learning.place())
              : learning.place();
      network.cut(rollout.place, other);
      if (duration.compareTo(REMOVED_AFTER) > 0) {
        schedule.after(REMOVED_AFTER, Place.NOWHERE, () -> gone(rollout));
      } else {
        schedule.after(duration, Place.NOWHERE, () -> network.heal(rollout.place, other));
      }
    }

    private void end() {
      trace.add("FAULT", "the end of all faults");
      network.disturb(0, 0);
      network.healAll();
      rollouts.forEach(rollout -> {
        rollout.engine.stick(false);
        rollout.place.slowDown(1);
        rollout.isWithoutFiles &= isOneOfSeveral(rollout) && random.nextBoolean();
      });
      places.forEach(schedule::thaw);
      leaveSomebody();
    }

    private void leaveSomebody() {
      if (schedule.elapsed().compareTo(scenario.faultsEnd()) < 0) {
        return;
      }
      if (rewarders.stream().noneMatch(r -> !r.gone && !r.place.isKilled())) {
        addRewarder();
      }
      if (rollouts.stream().noneMatch(this::isFit)) {
        addRollout();
      }
    }

    private boolean isFit(Rollout rollout) {
      return !rollout.gone && !rollout.place.isKilled() && !rollout.isWithoutFiles;
    }

    private boolean isOneOfSeveral(Rollout rollout) {
      return rollouts.stream().anyMatch(other -> other != rollout && isFit(other));
    }
  }
}
