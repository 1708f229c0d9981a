package dev.sampo.actors.engine;

import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.protocol.log.RecordedStep;
import dev.sampo.protocol.log.Recording;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Trains from a recording in place of rollout and reward workers: the same groups in the same order
 * and packing, so that on the machine that recorded them every step ends in the same bits.
 */
public final class Replay {
  private Replay() {}

  /**
   * Takes the steps of a recording again as they were recorded.
   *
   * @param trainer holds the weights that the recording had after {@code numTaken} steps, and the
   *     settings it was made with
   * @param numTaken recorded steps that were taken before
   * @param stepped told of every step; says whether to go on
   * @throws ReplayException if the recording was made from other weights
   */
  public static void run(
      Recording recording, PolicyTrainer trainer, long numTaken, Predicate<ReplayedStep> stepped) {
    ReplayPlan plan = ReplayPlan.of(recording, OptionalLong.empty(), OptionalLong.empty());
    if (numTaken == 0) {
      plan.requireStart(trainer.version().weightsHash());
    }
    run(plan.after(numTaken), trainer, stepped);
  }

  /**
   * Takes recorded steps again.
   *
   * @param trainer holds the weights before the first of them
   * @param stepped told of every step; says whether to go on
   */
  public static void run(ReplayPlan plan, PolicyTrainer trainer, Predicate<ReplayedStep> stepped) {
    try (Stream<RecordedStep> steps = plan.read()) {
      boolean _ = steps.map(step -> take(step, plan, trainer)).allMatch(stepped);
    }
  }

  private static ReplayedStep take(RecordedStep recorded, ReplayPlan plan, PolicyTrainer trainer) {
    List<Integer> packing = recorded.step().microBatches();
    // Without a packing nothing was trained on: nothing was live, or the run only recorded.
    int microBatches =
        plan.isPackedAnew() || packing.isEmpty()
            ? trainer.begin(recorded.groups())
            : trainer.begin(recorded.groups(), packing);
    for (int i = 0; i < microBatches; i++) {
      trainer.microBatch(i);
    }
    Trainer.Update update = trainer.finish();
    return new ReplayedStep(recorded, update, trainer.version());
  }
}
