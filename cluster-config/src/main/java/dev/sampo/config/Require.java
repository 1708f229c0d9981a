package dev.sampo.config;

/** The checks that the settings records share; every message starts with the configuration key. */
final class Require {
  private Require() {}

  static void that(boolean holds, String key, String rule, Object got) {
    if (!holds) {
      throw new IllegalArgumentException(key + " must be " + rule + ", got " + got);
    }
  }
}
