package dev.sampo.actors.engine;

import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.protocol.log.Recording;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Trains from a recording in place of rollout and reward workers: the same groups in the same order
 * and packing, so that on the machine that recorded them every step ends in the same bits.
 */
public final class Replay {
  private Replay() {}

  /**
   * Takes recorded steps again.
   *
   * @param trainer holds the weights that the recording had after {@code numTaken} steps, and the
   *     settings it was made with
   * @param numTaken recorded steps that were taken before
   * @param stepped told of every step
   * @throws ReplayException if the recording was made from other weights or names a step that
   *     cannot be taken
   */
  public static void run(
      Recording recording, PolicyTrainer trainer, long numTaken, Consumer<ReplayedStep> stepped) {
    String start = recording.manifest().modelHash();
    if (numTaken == 0 && !start.equals(trainer.version().weightsHash())) {
      throw new ReplayException(
          "the recording starts from weights with SHA-256 %s, these have %s"
              .formatted(start, trainer.version().weightsHash()));
    }
    try (Stream<Recording.RecordedStep> steps = recording.steps(numTaken)) {
      steps.forEach(step -> stepped.accept(take(step, trainer)));
    }
  }

  private static ReplayedStep take(Recording.RecordedStep recorded, PolicyTrainer trainer) {
    int microBatches = trainer.begin(recorded.groups(), recorded.step().microBatches());
    for (int i = 0; i < microBatches; i++) {
      trainer.microBatch(i);
    }
    return switch (trainer.finish()) {
      case Trainer.Update.Taken taken ->
          new ReplayedStep(recorded.step(), taken.committed(), taken.metrics());
      case Trainer.Update.Skipped skipped ->
          throw new ReplayException(
              "step %d cannot be taken again: %s"
                  .formatted(recorded.step().version().step(), skipped.reason()));
    };
  }
}
