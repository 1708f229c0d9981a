package dev.sampo.config;

/**
 * When the learner writes a checkpoint.
 *
 * @param every optimizer steps between two checkpoints; the last step is always written
 * @param keep how many of the newest checkpoints stay on disk
 */
public record CheckpointSettings(int every, int keep) {
  public CheckpointSettings {
    Require.that(every >= 1, "every", ">= 1", every);
    Require.that(keep >= 1, "keep", ">= 1", keep);
  }
}
