package dev.sampo.actors.cli;

import dev.sampo.actors.engine.ReplayPlan;
import dev.sampo.learner.checkpoint.CheckpointFolder;
import dev.sampo.learner.checkpoint.TrainerState;
import dev.sampo.protocol.log.Recording;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options of {@code sampo replay} that choose among the steps of a recording. */
final class ReplayRange {
  @Option(
      names = "--from-step",
      paramLabel = "A",
      description = "First step to take (default: the first, or the one after the checkpoint).")
  private Optional<Long> from = Optional.empty();

  @Option(
      names = "--to-step",
      paramLabel = "B",
      description = "Last step to take (default: the last of the recording).")
  private Optional<Long> to = Optional.empty();

  @Option(
      names = "--checkpoint",
      paramLabel = "DIR",
      description = "Checkpoint of the recorded run to begin with: the one of the step before A.")
  private Optional<Path> checkpoint = Optional.empty();

  /** The checkpoint to begin with; empty for the weights that the recorded run began with. */
  Optional<Path> checkpoint() {
    return checkpoint;
  }

  /**
   * Checks that the options go together.
   *
   * @throws ParameterException if the last step is before the first, or this one needs a checkpoint
   *     that is not given
   * @throws dev.sampo.learner.LearnerException if the checkpoint is none
   */
  void requireComplete(CommandLine command) {
    Optional<TrainerState> state = checkpoint.map(CheckpointFolder::state);
    long before = state.map(TrainerState::step).orElse(0L);
    if (from.isPresent() && to.isPresent() && from.get() > to.get()) {
      throw new ParameterException(
          command,
          "--from-step %d is after --to-step %d: there is nothing to replay"
              .formatted(from.get(), to.get()));
    }
    if (from.isPresent() && from.get() != before + 1) {
      throw new ParameterException(
          command,
          state.isEmpty()
              ? "--from-step %d needs --checkpoint: the checkpoint of step %d of the recorded run"
                  .formatted(from.get(), from.get() - 1)
              : "--from-step %d needs the checkpoint of step %d, %s is of step %d"
                  .formatted(from.get(), from.get() - 1, checkpoint.get(), before));
    }
  }

  /**
   * The steps that are asked for, by options that go together.
   *
   * @throws dev.sampo.actors.engine.ReplayException if the recording does not have them, or took
   *     the first from other weights than those of the checkpoint
   * @throws dev.sampo.learner.LearnerException if the checkpoint is none
   */
  ReplayPlan plan(Recording recording) {
    Optional<TrainerState> state = checkpoint.map(CheckpointFolder::state);
    long before = state.map(TrainerState::step).orElse(0L);
    ReplayPlan plan =
        ReplayPlan.of(
            recording,
            OptionalLong.of(before + 1),
            to.map(OptionalLong::of).orElse(OptionalLong.empty()));
    state.ifPresent(present -> plan.requireStart(present.version().weightsHash()));
    return plan;
  }
}
