package dev.sampo.simulation;

import dev.sampo.actors.RunListener;
import dev.sampo.actors.StepReport;
import dev.sampo.actors.pipeline.BusyClock;
import dev.sampo.actors.pipeline.ExperienceBuffer;
import dev.sampo.actors.pipeline.Learner;
import dev.sampo.actors.pipeline.LearnerNodeMessages;
import dev.sampo.actors.pipeline.Recorder;
import dev.sampo.actors.pipeline.RunCoordinator;
import dev.sampo.actors.pipeline.StepMeter;
import dev.sampo.actors.pipeline.WeightBoard;
import dev.sampo.actors.pipeline.WeightPublisher;
import dev.sampo.actors.run.ExperienceQueue;
import dev.sampo.actors.run.GroupDispatch;
import dev.sampo.actors.run.PromptFeed;
import dev.sampo.actors.run.StalenessGate;
import dev.sampo.learner.guard.GuardSettings;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.SamplingSettings;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.SplittableRandom;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.jspecify.annotations.Nullable;

/**
 * The learner's node: coordinator, buffer, recorder, learner and publisher, put together as the
 * product does it, with a recorder that can fall silent.
 */
final class Learning {
  static final int TERM = 2; // so that there is an earlier one
  static final int GROUP_SIZE = 2;
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int MAX_ATTEMPTS = 4;
  private static final int MOST_SKIPPED = 1000;
  private static final Duration STRAGGLER_WAIT = Duration.ofSeconds(5);
  private static final Duration RETRY = Duration.ofMillis(200);

  private final Scenario scenario;
  private final Breakage breakage;
  private final Schedule schedule;
  private final Checker checker;
  private final Place trainerPlace = new Place("trainer"); // a thread of its own, which it blocks
  private final Queue<Recorder.Command> unwritten = new ArrayDeque<>();
  private long recorderSilentUntil;
  private long rowsRead;
  private boolean finished;
  private @Nullable ActorRef<RunCoordinator.Command> coordinator;
  private @Nullable ActorRef<ExperienceBuffer.Command> buffer;
  private @Nullable ActorRef<WeightPublisher.Command> publisher;

  Learning(Scenario scenario, Breakage breakage, Schedule schedule, Checker checker) {
    this.scenario = scenario;
    this.breakage = breakage;
    this.schedule = schedule;
    this.checker = checker;
  }

  Optional<ActorRef<RunCoordinator.Command>> coordinator() {
    return Optional.ofNullable(coordinator);
  }

  Optional<ActorRef<ExperienceBuffer.Command>> buffer() {
    return Optional.ofNullable(buffer);
  }

  Optional<ActorRef<WeightPublisher.Command>> publisher() {
    return Optional.ofNullable(publisher);
  }

  Place trainerPlace() {
    return trainerPlace;
  }

  boolean isFinished() {
    return finished;
  }

  /** The recorder answers nobody for a while. */
  void silenceRecorder(Duration duration) {
    recorderSilentUntil = schedule.nanos() + duration.toNanos();
  }

  void start(ActorContext<?> context, ActorRef<WeightBoard.Command> board) {
    StalenessGate gate =
        new StalenessGate(scenario.maxStaleness(), scenario.groupsPerStep(), scenario.steps());
    ActorRef<RunCoordinator.Command> whole =
        watched(
            context,
            RunCoordinator.create(
                dispatch(gate),
                new RunCoordinator.Setup(scenario.steps(), STRAGGLER_WAIT, "blobs"),
                schedule),
            "coordinator");
    ActorRef<RunCoordinator.Command> asked =
        breakage == Breakage.NONE
            ? whole
            : context.spawn(brokenCoordinator(whole), "broken-coordinator");
    ActorRef<Recorder.Command> recorder = startRecorder(context);
    ActorRef<WeightPublisher.Command> weights =
        watched(context, WeightPublisher.create(board, "weights"), "weights");
    ActorRef<ExperienceBuffer.Command> experience =
        watched(
            context,
            ExperienceBuffer.create(
                new ExperienceBuffer.Setup(scenario.bufferCapacity(), RETRY, asked, recorder),
                new ExperienceQueue(gateOfQueue(gate))),
            "experience");
    ActorRef<Learner.Ending> ended =
        context.spawn(Behaviors.receiveMessage(this::onEnding), "ended");
    Learner.Setup setup =
        new Learner.Setup(
            scenario.steps(),
            asked,
            experience,
            recorder,
            weights,
            new GuardSettings(List.of(), MOST_SKIPPED, 0),
            (policy, groups, update) -> {},
            new DeafListener(),
            ended);
    schedule.at(
        trainerPlace,
        () ->
            weights.tell(
                new WeightPublisher.LearnerIs(
                    watched(context, Learner.create(setup, this::trainer, meter()), "learner"))));
    coordinator = whole;
    buffer = experience;
    publisher = weights;
  }

  private ActorRef<Recorder.Command> startRecorder(ActorContext<?> context) {
    ActorRef<Recorder.Command> written =
        watched(context, Recorder.create(Optional.empty(), sha256 -> Optional.empty()), "recorder");
    return context.spawn(recorder(written), "slow-recorder");
  }

  private StalenessGate gateOfQueue(StalenessGate gate) {
    return breakage == Breakage.IGNORE_STALENESS
        ? new StalenessGate(Integer.MAX_VALUE, gate.groupsPerStep(), gate.steps())
        : gate;
  }

  private static <T> ActorRef<T> watched(
      ActorContext<?> context, Behavior<T> behavior, String name) {
    ActorRef<T> ref = context.spawn(behavior, name);
    context.watch(ref);
    return ref;
  }

  private FakeTrainer trainer() {
    return new FakeTrainer(
        TERM,
        schedule,
        trainerPlace,
        scenario.microBatch(),
        scenario.skips(),
        scenario.seed() + 5,
        checker);
  }

  private StepMeter meter() {
    return new StepMeter(schedule::nanos, new BusyClock(schedule::nanos), Map.of(), Map::of);
  }

  private Behavior<Learner.Ending> onEnding(Learner.Ending ending) {
    switch (ending) {
      case Learner.Finished _ -> finished = true;
      case Learner.Stopped(String reason) -> checker.broken("the learner goes on: " + reason);
    }
    return Behaviors.same();
  }

  private record DeafListener() implements RunListener {
    @Override
    public void stepFinished(StepReport report) {}

    @Override
    public void groupSetAside(String reason) {}

    @Override
    public void noticed(String line) {}

    @Override
    public void paused(Optional<String> reason) {}
  }

  private GroupDispatch dispatch(StalenessGate gate) {
    GroupDispatch.Terms terms =
        new GroupDispatch.Terms(
            scenario.seed(),
            GROUP_SIZE,
            SamplingSettings.atTemperature(1, 200),
            PATIENCE,
            MAX_ATTEMPTS);
    return new GroupDispatch(TERM, terms, gate, this::nextRow, checker::ledger);
  }

  /** The groups' prompts; what is wrong with them depends on their number and the seed. */
  private PromptFeed.Visit nextRow() {
    GroupId group = new GroupId(rowsRead++);
    SplittableRandom ofRow = new SplittableRandom(scenario.seed() * 31 + group.value());
    if (ofRow.nextDouble() < scenario.badRows()) {
      checker.excuse(group);
      return new PromptFeed.Visit.Bad("rows:1", "bad");
    }
    boolean isUnaskable = ofRow.nextDouble() < scenario.badRows();
    if (isUnaskable) {
      checker.excuse(group);
    }
    return new PromptFeed.Visit.Ready(
        new Prompt(
            "rows:1",
            "rec",
            isUnaskable ? "unaskable" : "question",
            ofRow.nextBoolean() ? List.of(SimulatedSystem.IMAGE) : List.of(),
            "",
            Map.of()));
  }

  private Behavior<Recorder.Command> recorder(ActorRef<Recorder.Command> written) {
    return Behaviors.receiveMessage(message -> {
      if (breakage == Breakage.PUBLISH_BEFORE_COMMIT
          && LearnerNodeMessages.stepOf(message).isPresent()) {
        LearnerNodeMessages.answerAtOnce(message);
        schedule.after(Duration.ofSeconds(1), () -> write(message, written));
        return Behaviors.same();
      }
      unwritten.add(message);
      long silence = recorderSilentUntil - schedule.nanos();
      if (silence <= 0) {
        writeAll(written);
      } else if (unwritten.size() == 1) {
        schedule.after(Duration.ofNanos(silence), () -> writeAll(written));
      }
      return Behaviors.same();
    });
  }

  private void writeAll(ActorRef<Recorder.Command> written) {
    while (!unwritten.isEmpty()) {
      write(unwritten.remove(), written);
    }
  }

  private void write(Recorder.Command message, ActorRef<Recorder.Command> written) {
    LearnerNodeMessages.stepOf(message).ifPresent(checker::durable);
    written.tell(message);
  }

  private Behavior<RunCoordinator.Command> brokenCoordinator(
      ActorRef<RunCoordinator.Command> whole) {
    return Behaviors.setup(context ->
        Behaviors.receiveMessage(message -> {
          switch (breakage) {
            case ACCEPT_TWICE -> whole.tell(LearnerNodeMessages.keptAnyway(message, context));
            case FORGET_QUOTA -> {
              if (!LearnerNodeMessages.givesBack(message)) {
                whole.tell(message);
              }
            }
            default -> whole.tell(message);
          }
          return Behaviors.same();
        }));
  }
}
