package dev.sampo.actors.report;

import dev.sampo.protocol.Prompt;
import java.util.Optional;

/** What a picture of a question says under it. */
final class Captions {
  private Captions() {}

  /** The bare words of a referring expression where the row has them, else the last line asked. */
  static String of(Prompt prompt) {
    return Optional.ofNullable(prompt.fields().get("query"))
        .filter(json -> json.length() >= 2 && json.startsWith("\"") && json.endsWith("\""))
        .map(json -> json.substring(1, json.length() - 1))
        .orElseGet(() -> prompt.text().strip().lines().reduce("", (first, last) -> last));
  }
}
