package dev.sampo.vlm.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Reads the JSON files of a checkpoint folder, all of which hold one object. */
public final class CheckpointJson {
  private static final ObjectMapper JSON = new ObjectMapper();

  private CheckpointJson() {}

  /**
   * Reads a file.
   *
   * @throws IOException if there is none or it is not a JSON object; the message names it
   */
  public static JsonNode read(Path file) throws IOException {
    return readIfPresent(file)
        .orElseThrow(
            () -> new IOException("%s: no such file, a checkpoint has one".formatted(file)));
  }

  /**
   * Reads a file that a checkpoint may lack.
   *
   * @throws IOException if it is not a JSON object; the message names it
   */
  public static Optional<JsonNode> readIfPresent(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    JsonNode json;
    try {
      json = JSON.readTree(file.toFile());
    } catch (JsonProcessingException e) {
      throw new IOException(
          "%s: not valid JSON: line %d: %s"
              .formatted(file, e.getLocation().getLineNr(), firstLine(e.getOriginalMessage())),
          e);
    }
    if (!json.isObject()) {
      throw new IOException("%s: holds no JSON object, allowed is { ... }".formatted(file));
    }
    return Optional.of(json);
  }

  private static String firstLine(String message) {
    return message.lines().findFirst().orElse("");
  }
}
