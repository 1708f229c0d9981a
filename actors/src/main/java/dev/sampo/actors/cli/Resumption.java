package dev.sampo.actors.cli;

import dev.sampo.actors.report.RunClaim;
import dev.sampo.config.ResultSettings;
import dev.sampo.config.RunConfig;
import dev.sampo.learner.checkpoint.CheckpointFolder;
import dev.sampo.learner.checkpoint.TrainerState;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a run begins.
 *
 * @param isResumed whether it has begun before
 * @param checkpoints the checkpoints of the run
 * @param checkpoint the one to go on from; empty to begin
 * @param state what it says; present exactly when {@code checkpoint} is
 */
record Resumption(
    boolean isResumed,
    CheckpointFolder checkpoints,
    Optional<Path> checkpoint,
    Optional<TrainerState> state) {
  private static final Logger LOG = LoggerFactory.getLogger(Resumption.class);

  /**
   * Finds the newest whole checkpoint of a run, and says what is worth knowing about the others.
   *
   * @throws dev.sampo.learner.LearnerException if there are checkpoints and none is whole
   * @throws CommandFailedException if the checkpoint was made with other settings, or nothing says
   *     what run the folder holds
   */
  static Resumption find(
      RunClaim claim, RunConfig config, SortedMap<String, String> settings, PrintWriter out) {
    return find(claim, config, settings, state -> true, out);
  }

  /**
   * As {@link #find(RunClaim, RunConfig, SortedMap, PrintWriter)}.
   *
   * @param counts whether a checkpoint belongs to the run as it is
   */
  static Resumption find(
      RunClaim claim,
      RunConfig config,
      SortedMap<String, String> settings,
      Predicate<TrainerState> counts,
      PrintWriter out) {
    CheckpointFolder checkpoints =
        new CheckpointFolder(
            claim.folder().checkpoints(), config.model().path(), config.checkpoint().retention());
    if (!claim.isResumed()) {
      return new Resumption(false, checkpoints, Optional.empty(), Optional.empty());
    }
    claim.remarks().forEach(remark -> say(out, remark + "; results may differ by rounding"));
    Optional<Path> newest = checkpoints.newest(warning -> say(out, warning), counts);
    Optional<TrainerState> state = newest.map(CheckpointFolder::state);
    state.ifPresent(present -> requireSame(newest.orElseThrow(), present, settings));
    if (claim.isUnknown()) {
      requireKnown(claim, newest);
    }
    return new Resumption(true, checkpoints, newest, state);
  }

  private static void requireKnown(RunClaim claim, Optional<Path> newest) {
    if (newest.isEmpty()) {
      throw new CommandFailedException(
          "%s holds steps, but its run.json is lost or damaged and there is no checkpoint to tell what run they are of; name another folder"
              .formatted(claim.folder().path()));
    }
    claim.confirm();
  }

  /** Says where a run goes on that has something left to do. */
  void announce(PrintWriter out) {
    announce(0, out);
  }

  /**
   * As {@link #announce(PrintWriter)}, of a run with a ledger.
   *
   * @param known steps that the ledger has
   */
  void announce(long known, PrintWriter out) {
    if (isResumed) {
      String anew =
          known == 0
              ? "beginning anew"
              : "taking steps 1 to %d again from the start".formatted(known);
      say(
          out,
          checkpoint
              .map(folder -> "going on from " + folder)
              .orElse(anew + ": there is no checkpoint"));
    }
  }

  private static void requireSame(
      Path checkpoint, TrainerState state, SortedMap<String, String> settings) {
    ResultSettings.Changes changes = ResultSettings.changes(state.settings(), settings);
    if (!changes.decisive().isEmpty()) {
      throw new CommandFailedException(
          "%s was made with other settings: %s".formatted(checkpoint, changes.shown()));
    }
  }

  static void say(PrintWriter out, String line) {
    LOG.info("{}", line);
    out.println(line);
  }

  /** Steps that the run has taken. */
  long numTaken() {
    return state.map(TrainerState::step).orElse(0L);
  }

  /** What the driver kept, by name. */
  Map<String, String> progress() {
    return state.map(TrainerState::progress).orElse(Map.of());
  }

  /**
   * Refuses to go on with a run that has nothing left to do.
   *
   * @param total steps of the run
   */
  void requireUnfinished(Path folder, long total) {
    if (checkpoint.isPresent() && numTaken() >= total) {
      throw finished(folder, total);
    }
  }

  /** The refusal of a run that has nothing left to do. */
  static CommandFailedException finished(Path folder, long total) {
    return new CommandFailedException(
        "%s holds a finished run of %d steps; name another folder for a new one"
            .formatted(folder, total));
  }
}
