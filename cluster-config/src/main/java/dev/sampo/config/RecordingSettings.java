package dev.sampo.config;

import com.typesafe.config.ConfigMemorySize;

/**
 * The rollout log.
 *
 * @param enabled record every scored group and committed step
 * @param segmentSize size after which a new segment file begins
 */
public record RecordingSettings(boolean enabled, ConfigMemorySize segmentSize) {
  private static final long MIN_SEGMENT_BYTES = 64L << 10;

  public RecordingSettings {
    Require.that(
        segmentSize.toBytes() >= MIN_SEGMENT_BYTES,
        "segment-size",
        ">= 64KiB",
        segmentSize.toBytes() + " bytes");
  }
}
