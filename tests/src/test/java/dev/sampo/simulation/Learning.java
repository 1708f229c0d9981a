package dev.sampo.simulation;

import dev.sampo.actors.RunListener;
import dev.sampo.actors.StepReport;
import dev.sampo.actors.journal.LedgerJournal;
import dev.sampo.actors.journal.SimulatedJournal;
import dev.sampo.actors.journal.SnapshotJournal;
import dev.sampo.actors.pipeline.BusyClock;
import dev.sampo.actors.pipeline.ExperienceBuffer;
import dev.sampo.actors.pipeline.JournalWriter;
import dev.sampo.actors.pipeline.Learner;
import dev.sampo.actors.pipeline.LearnerNodeMessages;
import dev.sampo.actors.pipeline.Recorder;
import dev.sampo.actors.pipeline.RunCoordinator;
import dev.sampo.actors.pipeline.StepMeter;
import dev.sampo.actors.pipeline.WeightBoard;
import dev.sampo.actors.pipeline.WeightPublisher;
import dev.sampo.actors.run.ExperienceQueue;
import dev.sampo.actors.run.GroupDispatch;
import dev.sampo.actors.run.GroupLedger;
import dev.sampo.actors.run.GroupState;
import dev.sampo.actors.run.PromptFeed;
import dev.sampo.actors.run.Replacement;
import dev.sampo.actors.run.StalenessGate;
import dev.sampo.learner.guard.GuardSettings;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LogPlace;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.jspecify.annotations.Nullable;

/**
 * The learner's node: coordinator, journal, buffer, recorder, learner and publisher, put together
 * as the product does it. It may die, or stand still, and begins again at another place with what
 * the journal and the recording have. The run has a past: a term whose only step was abandoned.
 */
final class Learning {
  static final int GROUP_SIZE = 2;

  /** The term, of coordinator and learner, that is over when a simulation begins. */
  static final int PAST = 1;

  private static final String SOURCE = "rows:1";

  /** Attempts without progress after which a group is set aside. */
  static final int MAX_ATTEMPTS = 4;

  private static final int MOST_SKIPPED = 1000;
  private static final int MOST_EVENTS = 40; // from one snapshot of the ledger to the next

  /** How long a step waits for groups that it would make too old. */
  static final Duration STRAGGLER_WAIT = Duration.ofSeconds(5);

  private static final Duration REWARD_PATIENCE = Duration.ofMinutes(3);
  private static final Duration RETRY = Duration.ofMillis(200);

  private final Scenario scenario;
  private final Breakage breakage;
  private final Schedule schedule;
  private final Checker checker;
  private final SplittableRandom random;
  private final SimulatedJournal events;
  private final SnapshotJournal.Policy policy;
  private final List<ScoredGroup> recording = new ArrayList<>();
  private long oldestCheckpoint; // the step of it
  private long recorderSilentUntil;
  private long journalLostUntil;
  private boolean finished;
  private Place place = new Place("learner");
  private Place trainerPlace = new Place("trainer"); // a thread of its own, which it blocks
  private int beginnings;
  private @Nullable ActorRef<RunCoordinator.Command> coordinator;
  private @Nullable ActorRef<ExperienceBuffer.Command> buffer;
  private @Nullable ActorRef<WeightPublisher.Command> publisher;

  Learning(Scenario scenario, Breakage breakage, Schedule schedule, Checker checker) {
    this.scenario = scenario;
    this.breakage = breakage;
    this.schedule = schedule;
    this.checker = checker;
    this.random = new SplittableRandom(scenario.seed() + 3);
    this.events = new SimulatedJournal(() -> schedule.nanos() < journalLostUntil, checker::durable);
    this.policy =
        new SnapshotJournal.Policy(
            1 + random.nextInt(MOST_EVENTS), true, () -> OptionalLong.of(oldestCheckpoint));
    events.append(past());
  }

  private List<LedgerEvent> past() {
    List<GroupId> groups =
        LongStream.range(0, scenario.groupsPerStep()).mapToObj(GroupId::new).toList();
    List<LedgerEvent> events = new ArrayList<>();
    events.add(new LedgerEvent.RunOpened("run", scenario.seed(), "settings"));
    events.add(new LedgerEvent.TermOpened(PAST, FakeTrainer.versionOf(PAST, 0), List.of()));
    groups.forEach(group -> events.add(new LedgerEvent.GroupOpened(group, SOURCE)));
    for (GroupId group : groups) {
      LeaseId lease = new LeaseId(PAST, group, 1);
      checker.grantedBefore(lease);
      events.add(new LedgerEvent.GroupAccepted(lease, 0, 0, Optional.empty()));
    }
    events.add(
        new LedgerEvent.StepTaken(
            new StepCommitted(FakeTrainer.versionOf(PAST, 1), groups, List.of(1), 1e-3),
            "settings"));
    return events;
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

  Place place() {
    return place;
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

  /** The journal's database is out of reach for a while. */
  void loseJournal(Duration duration) {
    journalLostUntil = schedule.nanos() + duration.toNanos();
  }

  /** The process dies. */
  void die() {
    place.kill();
    trainerPlace.kill();
  }

  /** A place for its next life; the one before may still be there. */
  void moveOn() {
    beginnings++;
    place = new Place("learner-" + beginnings);
    trainerPlace = new Place("trainer-" + beginnings);
    coordinator = null;
    buffer = null;
    publisher = null;
  }

  /** Begins with what is in the journal. */
  void start(ActorContext<?> context, ActorRef<WeightBoard.Command> board) {
    SnapshotJournal journal = new SnapshotJournal(events.another(), policy);
    GroupLedger ledger = journal.begin();
    checker.restarted(events.durable(), place, trainerPlace);
    checker.restored(events.durable(), ledger, oldestCheckpoint);
    StalenessGate gate =
        new StalenessGate(scenario.maxStaleness(), scenario.groupsPerStep(), scenario.steps());
    PolicyVersion version = versionToBeginWith(ledger);

    ActorRef<RunCoordinator.Command> whole = startCoordinator(context, journal, ledger, gate);
    ActorRef<RunCoordinator.Command> asked =
        breakage == Breakage.NONE
            ? whole
            : context.spawn(brokenCoordinator(whole), "broken-coordinator");
    ActorRef<Recorder.Command> recorder = context.spawn(recorder(), "recorder");
    ActorRef<WeightPublisher.Command> weights =
        watched(context, WeightPublisher.create(board, "weights"), "weights");
    ActorRef<ExperienceBuffer.Command> experience =
        watched(
            context,
            ExperienceBuffer.create(
                new ExperienceBuffer.Setup(scenario.bufferCapacity(), RETRY, asked, recorder),
                new ExperienceQueue(gateOfQueue(gate), replacement()),
                accepted(ledger)),
            "experience");
    Learner.Setup setup =
        new Learner.Setup(
            scenario.steps(),
            asked,
            breakage == Breakage.TURN_BATCH_ROUND
                ? context.spawn(brokenBuffer(experience), "broken-buffer")
                : experience,
            recorder,
            weights,
            new GuardSettings(List.of(), MOST_SKIPPED, 0),
            (policy, groups, update) -> {},
            new DeafListener(),
            context.spawn(onEnding(place), "ended"));
    FakeTrainer trainer = trainer(version);
    schedule.at(
        trainerPlace,
        () ->
            weights.tell(
                new WeightPublisher.LearnerIs(
                    watched(context, Learner.create(setup, () -> trainer, meter()), "learner"))));
    coordinator = whole;
    buffer = experience;
    publisher = weights;
  }

  /** Mostly what the ledger ends in; at times the committed steps end in other weights. */
  private PolicyVersion versionToBeginWith(GroupLedger ledger) {
    PolicyVersion last = ledger.history().version().orElseThrow();
    if (last.term() == PAST) {
      return FakeTrainer.versionOf(PAST + 1, 0);
    }
    boolean abandons = last.step() > oldestCheckpoint && random.nextBoolean();
    PolicyVersion version =
        abandons
            ? FakeTrainer.versionOf(last.term() + 1, random.nextLong(oldestCheckpoint, last.step()))
            : last;
    oldestCheckpoint = Math.max(oldestCheckpoint, version.step() / 2); // others are deleted
    return version;
  }

  private List<ScoredGroup> accepted(GroupLedger ledger) {
    if (breakage == Breakage.FORGET_ACCEPTED) {
      return List.of();
    }
    return ledger.states().values().stream()
        .filter(GroupState.Accepted.class::isInstance)
        .flatMap(state -> ((GroupState.Accepted) state).place().stream())
        .map(at -> recording.get(Math.toIntExact(at.offset())))
        .toList();
  }

  private ActorRef<RunCoordinator.Command> startCoordinator(
      ActorContext<?> context, LedgerJournal journal, GroupLedger ledger, StalenessGate gate) {
    GroupDispatch.Terms terms =
        new GroupDispatch.Terms(
            scenario.seed(),
            "settings",
            GROUP_SIZE,
            SamplingSettings.atTemperature(1, 200),
            scenario.patience(),
            breakage == Breakage.BLAME_AT_ONCE ? 1 : MAX_ATTEMPTS);
    CoordinatorWatch watch = new CoordinatorWatch(breakage, checker);
    ActorRef<JournalWriter.Command> writer =
        watched(
            context,
            JournalWriter.create(journal, new JournalWriter.Patience(1_000, Duration.ofSeconds(1))),
            "journal");
    return watched(
        context,
        watch.around(
            RunCoordinator.create(
                events ->
                    watch.over(
                        new GroupDispatch(
                            ledger,
                            terms,
                            gate,
                            this::row,
                            events.andThen(checker::ledger),
                            watch::lease)),
                new RunCoordinator.Setup(
                    scenario.steps(),
                    breakage == Breakage.CANCEL_AT_ONCE ? Duration.ofMillis(1) : STRAGGLER_WAIT,
                    REWARD_PATIENCE,
                    "blobs",
                    writer),
                schedule)),
        "coordinator");
  }

  private StalenessGate gateOfQueue(StalenessGate gate) {
    return breakage == Breakage.IGNORE_STALENESS
        ? new StalenessGate(Integer.MAX_VALUE, gate.groupsPerStep(), gate.steps())
        : gate;
  }

  private Replacement replacement() {
    return new Replacement(
        switch (breakage) {
          case REPLACE_WITHOUT_BOUND -> Integer.MAX_VALUE;
          case REPLACE_NOTHING -> 0;
          default -> scenario.maxExtra();
        },
        scored -> scenario.isUseless(scored.id()) ? Optional.of("useless") : Optional.empty());
  }

  private static <T> ActorRef<T> watched(
      ActorContext<?> context, Behavior<T> behavior, String name) {
    ActorRef<T> ref = context.spawn(behavior, name);
    context.watch(ref);
    return ref;
  }

  private FakeTrainer trainer(PolicyVersion version) {
    return new FakeTrainer(
        version,
        schedule,
        trainerPlace,
        scenario.microBatch(),
        scenario.skips(),
        scenario.seed() + 5 + beginnings,
        checker);
  }

  private StepMeter meter() {
    return new StepMeter(schedule::nanos, new BusyClock(schedule::nanos), Map.of(), Map::of);
  }

  /** What becomes of a life that is over does not matter. */
  private Behavior<Learner.Ending> onEnding(Place life) {
    return Behaviors.receiveMessage(ending -> {
      switch (ending) {
        case Learner.Finished _ -> finished |= life == place;
        case Learner.Stopped _ when life != place -> {}
        case Learner.Stopped(String reason) -> checker.broken("the learner goes on: " + reason);
      }
      return Behaviors.same();
    });
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

  /** The groups' prompts; what is wrong with them depends on their number and the seed. */
  private PromptFeed.Visit row(GroupId group) {
    SplittableRandom ofRow = new SplittableRandom(scenario.seed() * 31 + group.value());
    if (ofRow.nextDouble() < scenario.badRows()) {
      checker.excuse(group);
      return new PromptFeed.Visit.Bad(SOURCE, "bad");
    }
    boolean isUnaskable = ofRow.nextDouble() < scenario.badRows();
    if (isUnaskable) {
      checker.excuse(group);
    }
    return new PromptFeed.Visit.Ready(
        new Prompt(
            SOURCE,
            "rec",
            isUnaskable ? "unaskable" : question(),
            ofRow.nextBoolean() ? List.of(SimulatedSystem.IMAGE) : List.of(),
            "",
            Map.of()));
  }

  private String question() {
    return breakage == Breakage.OTHER_PROMPTS ? "question " + beginnings : "question";
  }

  private Behavior<ExperienceBuffer.Command> brokenBuffer(
      ActorRef<ExperienceBuffer.Command> whole) {
    return Behaviors.setup(context ->
        Behaviors.receiveMessage(message -> {
          whole.tell(LearnerNodeMessages.answeredInReverse(message, context));
          return Behaviors.same();
        }));
  }

  private Behavior<Recorder.Command> recorder() {
    Queue<Recorder.Command> unwritten = new ArrayDeque<>();
    return Behaviors.receiveMessage(message -> {
      unwritten.add(message);
      long silence = recorderSilentUntil - schedule.nanos();
      if (silence <= 0) {
        writeAll(unwritten);
      } else if (unwritten.size() == 1) {
        schedule.after(Duration.ofNanos(silence), () -> writeAll(unwritten));
      }
      return Behaviors.same();
    });
  }

  private void writeAll(Queue<Recorder.Command> unwritten) {
    while (!unwritten.isEmpty()) {
      LearnerNodeMessages.record(
          unwritten.remove(),
          group -> {
            recording.add(group);
            return new LogPlace(1, recording.size() - 1);
          });
    }
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
            case FORGET_REPLACED -> {
              if (!LearnerNodeMessages.isReplaced(message)) {
                whole.tell(message);
              }
            }
            case PUBLISH_BEFORE_COMMIT -> {
              if (LearnerNodeMessages.answersAtOnce(message)) {
                schedule.after(Duration.ofSeconds(1), () -> whole.tell(message));
              } else if (!LearnerNodeMessages.isPublication(message)) {
                whole.tell(message);
              }
            }
            default -> whole.tell(message);
          }
          return Behaviors.same();
        }));
  }
}
