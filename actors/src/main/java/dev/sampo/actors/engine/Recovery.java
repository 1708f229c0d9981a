package dev.sampo.actors.engine;

import dev.sampo.actors.StepReport;
import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.actors.run.GroupState;
import dev.sampo.actors.run.RunHistory;
import dev.sampo.learner.checkpoint.CheckpointFolder;
import dev.sampo.learner.checkpoint.TrainerState;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.log.RecordedSteps;
import dev.sampo.protocol.log.Recording;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
    this.start = run.checkpoint().map(CheckpointFolder::state).map(TrainerState::step).orElse(0L);
    this.recording = recording;
  }

  /**
   * Takes the committed steps after the checkpoint again. If they do not end in the same weights,
   * they are abandoned: the trainer is that of the checkpoint then, under a term of its own.
   *
   * @param opened opens the trainer at the checkpoint, for a learner's term
   */
  PolicyTrainer trainer(IntFunction<PolicyTrainer> opened, CheckpointFolder checkpoints) {
    int term = history.version().map(PolicyVersion::term).orElse(1);
    PolicyTrainer trainer = opened.apply(term);
    Optional<String> failure = failure(trainer);
    if (failure.isEmpty()) {
      return trainer;
    }
    trainer.close();
    run.noticed()
        .accept(
            "%s; steps %d to %d are abandoned, term %d goes on from step %d"
                .formatted(failure.get(), start + 1, history.step(), term + 1, start));
    checkpoints.deleteAfter(start);
    return opened.apply(term + 1);
  }

  /** Why the trainer is not where the ledger ends; empty when it is. */
  private Optional<String> failure(PolicyTrainer trainer) {
    if (history.step() == start) {
      requireSameWeights(trainer);
      return Optional.empty();
    }
    if (recording.isEmpty()) {
      return Optional.of("the run records nothing, so that no step can be taken again");
    }
    RecordedSteps recorded = recording.get().steps();
    long first = recording.get().start().step() + 1;
    if (first > start + 1) {
      throw new ReplayException(
          "the recording begins with step %d, and there is no checkpoint of step %d or a later one"
              .formatted(first, first - 1));
    }
    OptionalLong lost =
        LongStream.rangeClosed(start + 1, history.step())
            .filter(step -> recorded.step(step).isEmpty())
            .findFirst();
    if (lost.isPresent()) {
      return Optional.of("the recording has lost step " + lost.getAsLong());
    }
    return differing(
        new ReplayPlan(recording.get(), recorded, start + 1, history.step(), false), trainer);
  }

  private Optional<String> differing(ReplayPlan plan, PolicyTrainer trainer) {
    plan.requireStart(trainer.version().weightsHash());
    List<String> failures = new ArrayList<>();
    Replay.run(plan, trainer, step -> isSame(step, failures));
    return failures.stream().findFirst();
  }

  /** Whether to go on. */
  private boolean isSame(ReplayedStep step, List<String> failures) {
    PolicyVersion recorded = step.recorded().version();
    PolicyVersion committed = history.versionAt(recorded.step()).orElseThrow();
    if (!recorded.equals(committed)) {
      throw new ReplayException(
          "recording and ledger disagree: step %d ended in %s, or in %s"
              .formatted(recorded.step(), recorded, committed));
    }
    if (!step.isBitwiseEqual()) {
      failures.add(
          "step %d, taken again, ends in other weights than the first time"
              .formatted(recorded.step()));
      return false;
    }
    if (step.update() instanceof Trainer.Update.Taken taken) {
      run.retaken().accept(new StepReport(recorded.step(), taken.metrics()));
    }
    return true;
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
    for (Map.Entry<GroupId, GroupState> entry : run.ledger().groups().states().entrySet()) {
      if (entry.getValue() instanceof GroupState.Accepted accepted
          && accepted.place().isPresent()) {
        Optional<ScoredGroup> group = recording.get().find(accepted.place().get());
        group.ifPresent(found -> requireSame(accepted, found));
        group.ifPresent(groups::add);
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
