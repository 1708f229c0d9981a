package dev.sampo.vlm;

import ai.djl.Device;
import ai.djl.engine.Engine;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.vlm.qwen.QwenVl;
import java.io.IOException;
import java.nio.file.Path;

/** Opens model folders in the Hugging Face layout, whatever family they hold. */
public final class VisionLanguageModels {
  private static final String CONFIG = "config.json";

  private VisionLanguageModels() {}

  /**
   * Loads a checkpoint: {@code config.json} and safetensors weights.
   *
   * @throws ModelException if the family is unknown or the folder cannot be used
   */
  public static VisionLanguageModel load(Path folder, Device device) {
    Path source = folder.resolve(CONFIG);
    JsonNode config = config(source);
    return switch (family(config, source)) {
      case QWEN2_5_VL -> QwenVl.load(QwenVl.readSettings(config, source), folder, device);
    };
  }

  /**
   * Loads a checkpoint onto the first accelerator of this machine, else onto the CPU.
   *
   * @throws ModelException if the family is unknown or the folder cannot be used
   */
  public static VisionLanguageModel load(Path folder) {
    return load(folder, Engine.getInstance().defaultDevice());
  }

  /**
   * A clean start on the first accelerator of this machine, else on the CPU.
   *
   * @throws ModelException if the family is unknown or a setting is not supported
   */
  public static VisionLanguageModel initialize(Path folder, long seed) {
    return initialize(folder, seed, Engine.getInstance().defaultDevice());
  }

  /**
   * A clean start with the shape that the folder's {@code config.json} asks for. The same seed
   * gives the same weights.
   *
   * @throws ModelException if the family is unknown or a setting is not supported
   */
  public static VisionLanguageModel initialize(Path folder, long seed, Device device) {
    Path source = folder.resolve(CONFIG);
    JsonNode config = config(source);
    return switch (family(config, source)) {
      case QWEN2_5_VL -> QwenVl.initialize(QwenVl.readSettings(config, source), seed, device);
    };
  }

  private enum Family {
    QWEN2_5_VL
  }

  private static Family family(JsonNode config, Path source) {
    String type = config.path("model_type").asText("");
    if (type.equals(QwenVl.MODEL_TYPE)) {
      return Family.QWEN2_5_VL;
    }
    throw new ModelException(
        "%s: model_type must be %s, got '%s'".formatted(source, QwenVl.MODEL_TYPE, type));
  }

  private static JsonNode config(Path source) {
    try {
      return new JsonMapper().readTree(source.toFile());
    } catch (IOException e) {
      throw new ModelException("cannot read %s: %s".formatted(source, e.getMessage()), e);
    }
  }
}
