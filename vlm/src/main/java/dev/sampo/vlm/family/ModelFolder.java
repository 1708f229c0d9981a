package dev.sampo.vlm.family;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.text.CheckpointJson;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A folder in the Hugging Face layout.
 *
 * @param path the folder
 * @param config its {@code config.json}
 */
public record ModelFolder(Path path, JsonNode config) {
  private static final String CONFIG = "config.json";

  /**
   * Reads the folder's {@code config.json}.
   *
   * @throws ModelException if it is missing or not a JSON object
   */
  public static ModelFolder read(Path path) {
    try {
      return new ModelFolder(path, CheckpointJson.read(path.resolve(CONFIG)));
    } catch (IOException e) {
      throw new ModelException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Where {@link #config} was read from, for messages. */
  public Path configFile() {
    return path.resolve(CONFIG);
  }
}
