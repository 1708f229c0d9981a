package dev.sampo.config;

import dev.sampo.learner.checkpoint.Retention;

/**
 * When the learner writes a checkpoint.
 *
 * @param every optimizer steps between two checkpoints; the last step is always written
 * @param keep how many of the newest checkpoints stay on disk
 * @param keepEvery checkpoints of steps that this divides stay for good; 0 for none
 */
public record CheckpointSettings(int every, int keep, int keepEvery) {
  public CheckpointSettings {
    Require.that(every >= 1, "every", ">= 1", every);
    Require.that(keep >= 1, "keep", ">= 1", keep);
    Require.that(keepEvery >= 0, "keep-every", ">= 0", keepEvery);
  }

  /** Which checkpoints stay. */
  public Retention retention() {
    return new Retention(keep, keepEvery);
  }
}
