package dev.sampo.tasks;

import java.time.Duration;
import java.util.Locale;

/** Durations in messages. */
public final class DurationText {
  private DurationText() {}

  /** As a configuration writes them, in as many units as it takes: {@code 0s}, {@code 1m30s}. */
  public static String of(Duration duration) {
    return duration.toString().replaceFirst("^PT", "").toLowerCase(Locale.ROOT);
  }
}
