package dev.sampo.actors.pipeline;

import dev.sampo.actors.GuardWatch;
import dev.sampo.actors.RunFailedException;
import dev.sampo.actors.RunListener;
import dev.sampo.actors.run.SentBack;
import dev.sampo.learner.guard.GuardSettings;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.Signal;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * Takes the optimizer steps; on a pinned thread, one micro-batch per message.
 *
 * <pre>
 *   hold a version --term is open: publish it--> want a step
 *
 *   want a step --allowed--> take a batch --batch--> micro-batch 0 ... n-1 --> finish
 *        ^                                                                       |
 *        +-- publish the weights, report <-- ledger has the step <-- recording has it
 * </pre>
 *
 * At most one message that drives this loop is under way at a time. A learner that shall pause ends
 * the step that it has begun, saves a checkpoint, and holds back what would begin the next.
 *
 * <p>Edges. <i>Term</i>: waits for the coordinator, whose ledger has the version that the learner
 * holds before anybody hears of it. <i>Step</i>: waits for the coordinator. <i>Batch</i>: waits for
 * the buffer. <i>Commit</i>: waits for the recorder and then for the coordinator, whose ledger is
 * on the disk by then, so that no version is published that a recovering learner could not reach or
 * would not know of.
 */
public final class Learner extends AbstractMatchingBehavior<Learner.Command> {
  private static final Duration PATIENCE_WITH_RECORDER = Duration.ofMinutes(2);

  /** What the learner understands. */
  public sealed interface Command {}

  /**
   * Save a checkpoint after the step under way, and wait.
   *
   * @param reason why, for whoever asks what the learner does
   */
  public record Pause(String reason) implements Command {}

  /** Go on. */
  public record Resume() implements Command {}

  /** Pause for good; answered when the checkpoint is saved. */
  public record Drain(ActorRef<Drained> replyTo) implements Command {}

  /** The step that was under way is taken, and there is a checkpoint of it. */
  public record Drained() {}

  /** Write all present weights and name the files; answered when their version is durable. */
  record GetSnapshot(ActorRef<Trainer.Written> replyTo) implements Command {}

  /** Messages of the loop. */
  private sealed interface Drive extends Command {}

  private record TermIsOpen(int numSkipped) implements Command {}

  private record Allowed(SentBack cancelled) implements Drive {}

  /**
   * The groups of the next step, in order.
   *
   * @param numReplaced groups whose place others took because there was nothing to learn from them
   * @param sentBack finished groups that were too old since the batch before
   */
  record Batch(List<ScoredGroup> groups, int numReplaced, SentBack sentBack) implements Command {
    Batch {
      groups = List.copyOf(groups);
    }
  }

  private record Begin(Batch batch) implements Drive {}

  private record RunMicroBatch(int index, int count) implements Drive {}

  private record Finish() implements Drive {}

  private record Kept(Trainer.Update.Taken update) implements Drive {}

  private record Committed(Trainer.Update.Taken update) implements Drive {}

  private record NotKept(long step) implements Command {}

  /**
   * What the learner talks to.
   *
   * @param steps optimizer steps of the run; it stops after them
   * @param coordinator allows each step
   * @param buffer has the groups
   * @param recorder makes steps durable
   * @param publisher announces new weights
   * @param guards what watches over the steps
   * @param skips keeps the groups of steps that were left out
   * @param listener told of steps and of what the guards see
   * @param ended told once, after the last step
   */
  public record Setup(
      long steps,
      ActorRef<RunCoordinator.Command> coordinator,
      ActorRef<ExperienceBuffer.Command> buffer,
      ActorRef<Recorder.Command> recorder,
      ActorRef<WeightPublisher.Command> publisher,
      GuardSettings guards,
      SkippedGroups skips,
      RunListener listener,
      ActorRef<Ending> ended) {}

  /** The learner takes no more steps. */
  public sealed interface Ending {}

  /** The run has taken all its steps. */
  public record Finished(PolicyVersion version) implements Ending {}

  /** A guard has ended the run, of which there is a checkpoint; the reason is one line. */
  public record Stopped(String reason) implements Ending {}

  private final Setup setup;
  private final Trainer trainer;
  private final StepMeter meter;
  private final GuardWatch watch;
  private List<ScoredGroup> batch = List.of();
  private Optional<String> pause = Optional.empty();
  private Optional<Drive> held = Optional.empty();
  private final List<GetSnapshot> snapshotsWanted = new ArrayList<>();
  private final List<ActorRef<Drained>> drainers = new ArrayList<>();
  private boolean isDurable; // the ledger has the version of the weights, so it may be published

  private Learner(ActorContext<Command> context, Setup setup, Trainer trainer, StepMeter meter) {
    super(context);
    this.setup = setup;
    this.trainer = trainer;
    this.meter = meter;
    this.watch =
        new GuardWatch(setup.guards(), setup.listener().steps(), setup.listener()::noticed);
    if (trainer.isCheckpointDue()) {
      save(); // of a step that was taken again; the run was left before it was saved
    }
    ActorRef<RunCoordinator.TermOpen> opened =
        context.messageAdapter(
            RunCoordinator.TermOpen.class, open -> new TermIsOpen(open.numSkipped()));
    setup.coordinator().tell(new RunCoordinator.LearnerHolds(trainer.version(), opened));
  }

  /**
   * A learner that starts at the trainer's version and publishes it when the term is durable.
   *
   * @param trainer opened, used and closed by this actor's thread
   * @param meter told what happens in each step
   */
  public static Behavior<Command> create(
      Setup setup, Supplier<? extends Trainer> trainer, StepMeter meter) {
    return Behaviors.setup(context -> new Learner(context, setup, trainer.get(), meter));
  }

  @Override
  public Behavior<Command> onMessage(Command message) {
    switch (message) {
      case TermIsOpen(int numSkipped) -> {
        watch.goOnAfter(numSkipped);
        becomeDurable(trainer.writeSnapshot());
        wantStep();
      }
      case Drive drive when pause.isPresent() && beginsStep(drive) -> held = Optional.of(drive);
      case Drive drive -> onDrive(drive);
      case Batch taken -> getContext().getSelf().tell(new Begin(taken));
      case Pause(String reason) -> {
        pause(reason);
        saveIfPaused();
      }
      case Drain(ActorRef<Drained> replyTo) -> {
        drainers.add(replyTo);
        pause = pause.or(() -> Optional.of("the node stops"));
        saveIfPaused();
      }
      case Resume _ -> resume();
      case GetSnapshot get when !isDurable -> snapshotsWanted.add(get);
      case GetSnapshot(ActorRef<Trainer.Written> replyTo) -> replyTo.tell(trainer.writeSnapshot());
      case NotKept(long step) ->
          throw new RunFailedException(
              "step %d could not be recorded: the disk of the run folder has not answered for %d s"
                  .formatted(step, PATIENCE_WITH_RECORDER.toSeconds()));
    }
    return this;
  }

  private static boolean beginsStep(Drive drive) {
    return drive instanceof Allowed || drive instanceof Begin;
  }

  private void pause(String reason) {
    if (pause.isEmpty()) {
      pause = Optional.of(reason);
      setup.listener().paused(pause);
    }
  }

  /** Between steps only: within one the weights belong to no version. */
  private void saveIfPaused() {
    if (pause.isPresent() && batch.isEmpty()) {
      save();
      drainers.forEach(drainer -> drainer.tell(new Drained()));
      drainers.clear();
    }
  }

  private void save() {
    if (trainer.version().step() > 0) {
      setup.listener().force();
      meter.working(() -> trainer.saveCheckpoint(Map.of()));
    }
  }

  private void resume() {
    if (pause.isPresent()) {
      pause = Optional.empty();
      setup.listener().paused(pause);
      held.ifPresent(drive -> getContext().getSelf().tell(drive));
      held = Optional.empty();
    }
  }

  private void onDrive(Drive drive) {
    switch (drive) {
      case Allowed(SentBack cancelled) -> {
        meter.sentBack(cancelled);
        setup
            .buffer()
            .tell(new ExperienceBuffer.Take(trainer.version().step(), getContext().getSelf()));
      }
      case Begin(Batch(List<ScoredGroup> groups, int numReplaced, SentBack sentBack)) -> {
        batch = groups;
        meter.sentBack(sentBack);
        meter.batchTaken(groups, numReplaced, trainer.version().step());
        meter.working(() -> runNext(0, trainer.begin(groups)));
      }
      case RunMicroBatch(int index, int count) -> {
        meter.working(() -> trainer.microBatch(index));
        runNext(index + 1, count);
      }
      case Finish _ -> finish();
      case Kept(Trainer.Update.Taken update) -> writeIntoLedger(update);
      case Committed(Trainer.Update.Taken update) -> publish(update);
    }
  }

  private void runNext(int index, int count) {
    getContext().getSelf().tell(index < count ? new RunMicroBatch(index, count) : new Finish());
  }

  private void finish() {
    switch (meter.working(trainer::finish)) {
      case Trainer.Update.Taken taken -> commit(taken);
      case Trainer.Update.Skipped skipped -> skip(skipped);
    }
  }

  private void commit(Trainer.Update.Taken taken) {
    isDurable = false;
    getContext()
        .pipeToSelf(
            Asking.ask(
                getContext().getSystem(),
                setup.recorder(),
                (ActorRef<Recorder.Answer> replyTo) ->
                    new Recorder.KeepStep(taken.committed(), taken.loss(), replyTo),
                PATIENCE_WITH_RECORDER),
            (done, _) ->
                done != null ? new Kept(taken) : new NotKept(taken.committed().version().step()));
  }

  private void writeIntoLedger(Trainer.Update.Taken taken) {
    ActorRef<RunCoordinator.Committed> durable =
        getContext()
            .messageAdapter(RunCoordinator.Committed.class, committed -> new Committed(taken));
    setup.coordinator().tell(new RunCoordinator.StepTaken(taken.committed(), durable));
  }

  private void skip(Trainer.Update.Skipped skipped) {
    setup.skips().keep(trainer.version(), batch, skipped);
    watch.skipped(trainer.version().step() + 1, skipped.reason());
    List<GroupId> rest =
        batch.stream()
            .map(ScoredGroup::id)
            .filter(group -> !skipped.culprits().contains(group))
            .toList();
    setup
        .coordinator()
        .tell(new RunCoordinator.StepSkipped(skipped.culprits(), rest, skipped.reason()));
    batch = List.of();
    if (watch.stop().isPresent()) {
      stop(watch.stop().get());
    } else {
      saveIfPaused();
      wantStep();
    }
  }

  private void publish(Trainer.Update.Taken update) {
    long step = update.committed().version().step();
    becomeDurable(meter.working(trainer::writeDelta));
    setup.skips().keep(trainer.version(), batch, update);
    batch = List.of();
    update.notice().ifPresent(setup.listener()::noticed);
    setup.listener().stepFinished(watch.taken(meter.stepFinished(step, update.metrics())));
    watch.pause().ifPresent(this::pause);
    if (watch.stop().isPresent()) {
      stop(watch.stop().get());
    } else {
      if (trainer.isCheckpointDue()) {
        save();
      }
      saveIfPaused();
      wantStep();
    }
  }

  private void becomeDurable(Trainer.Written files) {
    isDurable = true;
    setup.publisher().tell(new WeightPublisher.Publish(files));
    setup.coordinator().tell(new RunCoordinator.Published(trainer.version()));
    snapshotsWanted.forEach(wanted -> getContext().getSelf().tell(wanted));
    snapshotsWanted.clear();
  }

  private void stop(String reason) {
    save();
    setup.ended().tell(new Stopped(reason));
  }

  private void wantStep() {
    if (trainer.version().step() >= setup.steps()) {
      setup.ended().tell(new Finished(trainer.version()));
      return;
    }
    ActorRef<RunCoordinator.StepAllowed> allowed =
        getContext()
            .messageAdapter(
                RunCoordinator.StepAllowed.class, granted -> new Allowed(granted.cancelled()));
    setup.coordinator().tell(new RunCoordinator.StepWanted(allowed));
  }

  @Override
  public Behavior<Command> onSignal(Signal signal) {
    if (signal instanceof PostStop) {
      trainer.close();
    }
    return this;
  }
}
