package dev.sampo.vlm.text;

import java.util.Locale;

/** Who speaks in a turn of a conversation. */
public enum Role {
  SYSTEM,
  USER,
  ASSISTANT;

  /** The name that chat templates compare with: {@code system}, {@code user}, {@code assistant}. */
  public String templateName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
