package dev.sampo.vlm.family;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.text.CheckpointJson;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * A folder in the Hugging Face layout.
 *
 * @param path the folder
 * @param config its {@code config.json}
 */
public record ModelFolder(Path path, JsonNode config) {
  private static final String CONFIG = "config.json";
  private static final String MAX_POSITIONS = "max_position_embeddings";

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

  /**
   * Positions that the model was trained for, {@code max_position_embeddings}; empty if the folder
   * does not say.
   */
  public OptionalInt maxPositions() {
    for (JsonNode place : List.of(config.path("text_config"), config.path("llm_config"), config)) {
      if (place.path(MAX_POSITIONS).isInt()) {
        return OptionalInt.of(place.path(MAX_POSITIONS).asInt());
      }
    }
    return OptionalInt.empty();
  }
}
