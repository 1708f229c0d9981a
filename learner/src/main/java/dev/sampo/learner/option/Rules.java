package dev.sampo.learner.option;

/** What the settings of the learner ask of their values. */
public final class Rules {
  private Rules() {}

  /**
   * Refuses with a message that begins with the configuration key.
   *
   * @throws IllegalArgumentException {@code KEY must be RULE, got GOT}
   */
  public static void require(boolean holds, String key, String rule, Object got) {
    if (!holds) {
      throw new IllegalArgumentException(key + " must be " + rule + ", got " + got);
    }
  }
}
