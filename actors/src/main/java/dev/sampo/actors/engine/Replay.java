package dev.sampo.actors.engine;

import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.protocol.log.RecordedStep;
import dev.sampo.protocol.log.Recording;
import java.util.List;
import java.util.function.Predicate;
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
   * @param stepped told of every step; says whether to go on
   * @throws ReplayException if the recording was made from other weights
   */
  public static void run(
      Recording recording, PolicyTrainer trainer, long numTaken, Predicate<ReplayedStep> stepped) {
    String start = recording.manifest().modelHash();
    if (numTaken == 0 && !start.equals(trainer.version().weightsHash())) {
      throw new ReplayException(
          "the recording starts from weights with SHA-256 %s, these have %s"
              .formatted(start, trainer.version().weightsHash()));
    }
    try (Stream<RecordedStep> steps = recording.steps(numTaken)) {
      boolean _ = steps.map(step -> take(step, trainer)).allMatch(stepped);
    }
  }

  private static ReplayedStep take(RecordedStep recorded, PolicyTrainer trainer) {
    List<Integer> packing = recorded.step().microBatches();
    int microBatches =
        packing.isEmpty()
            ? trainer.begin(recorded.groups())
            : trainer.begin(recorded.groups(), packing);
    for (int i = 0; i < microBatches; i++) {
      trainer.microBatch(i);
    }
    Trainer.Update update = trainer.finish();
    return new ReplayedStep(recorded.step(), recorded.groups(), update, trainer.version());
  }
}
