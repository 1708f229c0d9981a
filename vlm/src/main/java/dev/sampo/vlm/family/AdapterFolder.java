package dev.sampo.vlm.family;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.lora.LoraAdapter;
import dev.sampo.vlm.text.CheckpointJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Folders with adapters that were written by PEFT or in its layout. */
public final class AdapterFolder {
  private static final String BASE = "base_model_name_or_path";
  private static final String DROPOUT = "lora_dropout";

  private AdapterFolder() {}

  /**
   * Whether a folder holds adapters.
   *
   * @throws ModelException if it cannot be read
   */
  public static boolean isOne(Path folder) {
    return configFile(folder).isPresent();
  }

  private static Optional<Path> configFile(Path folder) {
    try {
      return LoraAdapter.configFile(folder);
    } catch (IOException e) {
      throw new ModelException("cannot read adapter " + folder + ": " + e.getMessage(), e);
    }
  }

  /**
   * Folder of the model that the adapters of a folder were trained on.
   *
   * @throws ModelException if the folder does not say, or there is no such folder here
   */
  public static Path baseModel(Path folder) {
    Path file =
        configFile(folder).orElseThrow(() -> new ModelException("no adapters in " + folder));
    JsonNode name = read(file).path(BASE);
    Path base = folder.resolve(name.asText());
    if (!name.isTextual() || name.asText().isEmpty() || !Files.isDirectory(base)) {
      throw new ModelException(
          "%s: %s must be the folder of a model, got %s".formatted(file, BASE, name));
    }
    return base;
  }

  /**
   * Rate at which training drops the inputs of the adapters of a folder; 0 where it holds none.
   *
   * @throws ModelException if their configuration cannot be read
   */
  public static double dropout(Path folder) {
    return configFile(folder).map(file -> read(file).path(DROPOUT).asDouble()).orElse(0.0);
  }

  private static JsonNode read(Path file) {
    try {
      return CheckpointJson.read(file);
    } catch (IOException e) {
      throw new ModelException(String.valueOf(e.getMessage()), e);
    }
  }
}
