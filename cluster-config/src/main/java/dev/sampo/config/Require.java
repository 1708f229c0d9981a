package dev.sampo.config;

import dev.sampo.tasks.DurationText;
import java.time.Duration;

/** The checks that the settings records share; every message starts with the configuration key. */
final class Require {
  private Require() {}

  static void that(boolean holds, String key, String rule, Object got) {
    if (!holds) {
      Object shown = got instanceof Duration duration ? DurationText.of(duration) : got;
      throw new IllegalArgumentException(key + " must be " + rule + ", got " + shown);
    }
  }
}
