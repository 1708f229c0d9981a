package dev.sampo.learner.objective;

/** What the settings of the objective ask of a value. */
final class Rules {
  private Rules() {}

  /** Refuses with a message that begins with the configuration key. */
  static void require(boolean holds, String key, String rule, Object got) {
    if (!holds) {
      throw new IllegalArgumentException(key + " must be " + rule + ", got " + got);
    }
  }
}
