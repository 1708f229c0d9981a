package dev.sampo.config;

import com.typesafe.config.ConfigMemorySize;

/**
 * The rollout log.
 *
 * @param enabled record every scored group and committed step
 * @param segmentSize size after which a new segment file begins
 * @param keep what stays of it while the run goes on
 * @param only whether nothing is trained, so that the weights stay those that the run starts from
 */
public record RecordingSettings(
    boolean enabled, ConfigMemorySize segmentSize, Keep keep, boolean only) {
  /** What stays of a recording. */
  public enum Keep {
    /** All of it. */
    EVERYTHING,
    /** What a run needs that goes on from any of its checkpoints. */
    CHECKPOINTS
  }

  private static final long MIN_SEGMENT_BYTES = 64L << 10;

  public RecordingSettings {
    Require.that(
        segmentSize.toBytes() >= MIN_SEGMENT_BYTES,
        "segment-size",
        ">= 64KiB",
        segmentSize.toBytes() + " bytes");
    Require.that(enabled || !only, "only", "false where recording.enabled is false", only);
  }
}
