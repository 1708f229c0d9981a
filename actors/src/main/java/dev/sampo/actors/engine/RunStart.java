package dev.sampo.actors.engine;

import dev.sampo.actors.RunListener;
import dev.sampo.actors.journal.RunLedger;
import dev.sampo.learner.checkpoint.CheckpointFolder;
import dev.sampo.learner.checkpoint.TrainerState;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SortedMap;

/**
 * Where the learner's node begins, or goes on.
 *
 * @param ledger what has happened in the run; the node writes and closes it
 * @param checkpoint the newest of a step that counts; empty to begin at the model
 * @param settings what decides the result, for ledger and checkpoints
 * @param listener told what becomes of the committed steps that have to be taken again
 * @param beforehand done on the learner's thread before it opens its model, while other nodes join
 *     and wait
 */
public record RunStart(
    RunLedger ledger,
    Optional<Path> checkpoint,
    SortedMap<String, String> settings,
    RunListener listener,
    Runnable beforehand) {
  /** SHA-256 of the weights that the run began with; empty before its first term. */
  Optional<String> initialHash() {
    return ledger.groups().history().terms().stream()
        .findFirst()
        .map(first -> first.from().weightsHash());
  }

  /** The step of the checkpoint; 0 at the model. */
  long step() {
    return step(checkpoint);
  }

  /** The step of a checkpoint; 0 without one. */
  static long step(Optional<Path> checkpoint) {
    return checkpoint.map(CheckpointFolder::state).map(TrainerState::step).orElse(0L);
  }
}
