package dev.sampo.actors.engine;

import dev.sampo.actors.StepReport;
import dev.sampo.actors.run.GroupState;
import dev.sampo.actors.run.RunHistory;
import dev.sampo.learner.checkpoint.CheckpointFolder;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.log.RecordedSteps;
import dev.sampo.protocol.log.Recording;
import dev.sampo.protocol.log.RolloutLogReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.IntFunction;
import java.util.stream.LongStream;

/**
 * Brings back what a run was when it was left: the weights after the last committed step, and the
 * groups that waited for the learner. The ledger says what there was, a checkpoint and the
 * recording hold it.
 */
final class Recovery {
  private final RunHistory history;
  private final long start;
  private final Optional<Recording> recording;
  private final RunStart run;

  /**
   * Prepares it.
   *
   * @param recording what the run has recorded; empty when it records nothing
   */
  Recovery(RunStart run, Optional<Recording> recording) {
    this.run = run;
    this.history = run.ledger().groups().history();
    this.start = run.step();
    this.recording = recording;
  }

  /** Up to which step the run can be brought back, and why no further where that is not its end. */
  private record Reach(long step, Optional<String> why) {}

  /**
   * Takes the committed steps after the checkpoint again. The first that does not end in the same
   * weights, or that the recording has lost, is abandoned with all after it: the trainer is at the
   * step before then, under a term of its own.
   *
   * @param opened opens the trainer at the checkpoint, for a learner's term
   */
  PolicyTrainer trainer(IntFunction<PolicyTrainer> opened, CheckpointFolder checkpoints) {
    int term = history.version().map(PolicyVersion::term).orElse(1);
    Optional<RecordedSteps> steps =
        history.step() == start ? Optional.empty() : recording.map(from -> from.stepsAfter(start));
    Reach reach = recorded(steps);
    while (true) {
      boolean isWhole = reach.why().isEmpty();
      PolicyTrainer trainer = opened.apply(isWhole ? term : term + 1);
      List<StepReport> retaken = new ArrayList<>();
      Optional<String> differing = retake(trainer, steps, reach.step(), retaken);
      if (differing.isEmpty()) {
        if (!isWhole) {
          abandon(reach, term + 1, checkpoints);
        }
        retaken.forEach(run.listener()::stepRetaken);
        return trainer;
      }
      trainer.close(); // its weights are those of the step that differs
      reach = new Reach(start + retaken.size(), differing);
    }
  }

  /**
   * The version that a run which only records goes on with; empty for one that is new. Its weights
   * are those of every step, so that there is nothing to take again: steps that the recording has
   * lost with its end are abandoned.
   *
   * @throws dev.sampo.protocol.log.RecordingException if the recording is damaged
   */
  Optional<PolicyVersion> recordedVersion() {
    return history
        .version()
        .map(last -> {
          long recorded = recording.orElseThrow().lastStep();
          if (recorded >= last.step()) {
            return last;
          }
          int term = last.term() + 1;
          sayAbandoned(new Reach(recorded, Optional.of(lost(recorded + 1))), term);
          return new PolicyVersion(last.runId(), term, recorded, last.weightsHash());
        });
  }

  private void abandon(Reach reach, int term, CheckpointFolder checkpoints) {
    sayAbandoned(reach, term);
    checkpoints.deleteAfter(reach.step());
  }

  private void sayAbandoned(Reach reach, int term) {
    run.listener()
        .noticed(
            "%s; steps %d to %d are abandoned, term %d goes on from step %d"
                .formatted(
                    reach.why().orElseThrow(),
                    reach.step() + 1,
                    history.step(),
                    term,
                    reach.step()));
  }

  /** How far the recording has what it takes. */
  private Reach recorded(Optional<RecordedSteps> steps) {
    recording.ifPresent(this::requireCheckpointIn);
    if (history.step() == start) {
      return new Reach(start, Optional.empty());
    }
    if (recording.isEmpty() || steps.isEmpty()) {
      return new Reach(
          start, Optional.of("the run records nothing, so that no step can be taken again"));
    }
    OptionalLong lost =
        LongStream.rangeClosed(start + 1, history.step())
            .filter(step -> steps.get().step(step).isEmpty())
            .findFirst();
    return lost.isPresent()
        ? new Reach(lost.getAsLong() - 1, Optional.of(lost(lost.getAsLong())))
        : new Reach(history.step(), Optional.empty());
  }

  private static String lost(long step) {
    return "the recording has lost step " + step;
  }

  /**
   * A recording that ended before the checkpoint, or began after it, would go on with a gap that no
   * replay gets over.
   */
  private void requireCheckpointIn(Recording from) {
    long first = from.start().step() + 1;
    if (first > start + 1) {
      throw new ReplayException(
          "%s begins with step %d, and there is no checkpoint of step %d or a later one; %s"
              .formatted(from.root(), first, first - 1, wayOut(from)));
    }
    if (first <= start && !from.hasStep(start)) {
      throw new ReplayException(
          "%s does not have step %d, after which the run goes on: its end is lost, or the run did not record for a while; %s"
              .formatted(from.root(), start, wayOut(from)));
    }
  }

  private String wayOut(Recording from) {
    return DamagedRecording.wayOut(from.root(), run.ledger().groups(), run.checkpoint());
  }

  /**
   * Takes the steps up to one again.
   *
   * @param retaken gets those that end in the same weights, in order
   * @return which step does not, if one does not
   */
  private Optional<String> retake(
      PolicyTrainer trainer, Optional<RecordedSteps> steps, long last, List<StepReport> retaken) {
    if (last == start) {
      if (history.step() == start) {
        requireSameWeights(trainer);
      }
      return Optional.empty();
    }
    ReplayPlan plan =
        new ReplayPlan(recording.orElseThrow(), steps.orElseThrow(), start + 1, last, false);
    plan.requireStart(trainer.version().weightsHash());
    List<String> differing = new ArrayList<>();
    Replay.run(plan, trainer, step -> isSame(step, retaken, differing));
    return differing.stream().findFirst();
  }

  /** Whether to go on. */
  private boolean isSame(ReplayedStep step, List<StepReport> retaken, List<String> differing) {
    long number = step.recorded().version().step();
    requireCommitted(step.recorded().version());
    run.listener().retaking(number);
    if (!step.isBitwiseEqual()) {
      differing.add(
          "step %d, taken again, ends in other weights than the first time".formatted(number));
      return false;
    }
    retaken.add(new StepReport(number, step.metrics()));
    return true;
  }

  /** A term that abandons steps begins with the weights of a step of a term before. */
  private void requireCommitted(PolicyVersion recorded) {
    PolicyVersion committed = history.versionAt(recorded.step()).orElseThrow();
    if (!recorded.weightsHash().equals(committed.weightsHash())) {
      throw new ReplayException(
          "recording and ledger disagree: step %d ended in %s, or in %s"
              .formatted(recorded.step(), recorded, committed));
    }
  }

  private void requireSameWeights(PolicyTrainer trainer) {
    Optional<PolicyVersion> committed = history.version();
    if (committed.isPresent()
        && !committed.get().weightsHash().equals(trainer.version().weightsHash())) {
      throw new ReplayException(
          "the run was at weights with SHA-256 %s, these have %s"
              .formatted(committed.get().weightsHash(), trainer.version().weightsHash()));
    }
  }

  /**
   * Reads the groups that waited for the learner. Those that a recording has lost with its end are
   * not among them, and are asked again.
   *
   * @throws dev.sampo.protocol.log.RecordingException if the recording is damaged
   */
  List<ScoredGroup> accepted() {
    if (recording.isEmpty()) {
      return List.of();
    }
    List<ScoredGroup> groups = new ArrayList<>();
    try (RolloutLogReader reader = recording.get().entries()) {
      for (GroupState state : run.ledger().groups().states().values()) {
        if (state instanceof GroupState.Accepted accepted && accepted.place().isPresent()) {
          Optional<ScoredGroup> group = reader.find(accepted.place().get());
          group.ifPresent(found -> requireSame(accepted, found));
          group.ifPresent(groups::add);
        }
      }
    }
    return groups;
  }

  private static void requireSame(GroupState.Accepted accepted, ScoredGroup found) {
    if (!found.group().lease().equals(accepted.lease())) {
      throw new ReplayException(
          "recording and ledger disagree: %s holds %s, or %s"
              .formatted(accepted.place().orElseThrow(), found.group().lease(), accepted.lease()));
    }
  }
}
