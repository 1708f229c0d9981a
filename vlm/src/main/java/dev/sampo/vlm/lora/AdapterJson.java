package dev.sampo.vlm.lora;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.vlm.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * {@code adapter_config.json} as PEFT 0.21 reads and writes it. Whatever would change the numbers
 * in a way that this package does not know is refused, by its key.
 */
final class AdapterJson {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String LORA = "LORA";

  /** Keys that do not change what an adapter of given matrices computes. */
  private static final Set<String> WITHOUT_EFFECT =
      Set.of(
          "auto_mapping",
          "base_model_name_or_path",
          "corda_config",
          "eva_config",
          "exclude_modules",
          "inference_mode",
          "layers_pattern",
          "layers_to_transform",
          "loftq_config",
          "lora_ga_config",
          "megatron_core",
          "peft_version",
          "qalora_group_size",
          "revision",
          "runtime_config",
          "target_modules",
          "task_type");

  private static final Set<String> READ =
      Set.of(
          "peft_type",
          "r",
          "lora_alpha",
          "lora_dropout",
          "use_rslora",
          "rank_pattern",
          "alpha_pattern",
          "init_lora_weights");

  /** Ways to draw the matrices that leave the weights of the model as they are. */
  private static final Set<String> PLAIN_STARTS =
      Set.of("true", "false", "gaussian", "orthogonal", "eva");

  private final Path path;
  private final JsonNode root;

  private AdapterJson(Path path, JsonNode root) {
    this.path = path;
    this.root = root;
  }

  /**
   * Reads the file of a folder.
   *
   * @throws ModelException if it cannot be read, or asks for something unknown
   */
  static AdapterConfig read(Path folder) {
    Path path = folder.resolve(AdapterFiles.CONFIG);
    try {
      path = AdapterFiles.config(folder).orElse(path);
      return new AdapterJson(path, JSON.readTree(Files.readAllBytes(path))).config();
    } catch (IOException e) {
      throw new ModelException("cannot read adapter " + path + ": " + e.getMessage(), e);
    }
  }

  private AdapterConfig config() {
    if (!root.path("peft_type").asText().equals(LORA)) {
      throw unsupported("peft_type", "LORA");
    }
    if (!PLAIN_STARTS.contains(root.path("init_lora_weights").asText("true"))) {
      throw unsupported("init_lora_weights", "true, false, gaussian, orthogonal or eva");
    }
    for (Map.Entry<String, JsonNode> entry : root.properties()) {
      String key = entry.getKey();
      if (!READ.contains(key) && !WITHOUT_EFFECT.contains(key) && isSet(entry.getValue())) {
        throw unsupported(key, "no value");
      }
    }
    return new AdapterConfig(
        (int) positive("r"),
        positive("lora_alpha"),
        root.path("lora_dropout").asDouble(),
        root.path("use_rslora").asBoolean(),
        patterns("rank_pattern", JsonNode::asInt),
        patterns("alpha_pattern", JsonNode::asDouble));
  }

  private static boolean isSet(JsonNode value) {
    return switch (value.getNodeType()) {
      case NULL, MISSING -> false;
      case ARRAY, OBJECT -> !value.isEmpty();
      case BOOLEAN -> value.asBoolean();
      case STRING -> !value.asText().isEmpty() && !value.asText().equals("none");
      case NUMBER, BINARY, POJO -> true;
    };
  }

  private double positive(String key) {
    double value = root.path(key).asDouble();
    if (!(value > 0)) {
      throw new ModelException(
          "%s: %s must be above 0, got %s".formatted(path, key, root.path(key)));
    }
    return value;
  }

  private <T> Map<String, T> patterns(String key, Function<JsonNode, T> value) {
    var patterns = new LinkedHashMap<String, T>();
    for (Map.Entry<String, JsonNode> entry : root.path(key).properties()) {
      try {
        Pattern.compile(entry.getKey());
      } catch (PatternSyntaxException e) {
        throw new ModelException(
            "%s: '%s' in %s is not a regular expression".formatted(path, entry.getKey(), key), e);
      }
      patterns.put(entry.getKey(), value.apply(entry.getValue()));
    }
    return patterns;
  }

  private ModelException unsupported(String key, String allowed) {
    return new ModelException(
        "%s: %s = %s is not supported, allowed is %s"
            .formatted(path, key, root.path(key), allowed));
  }

  /**
   * The content of the file.
   *
   * @param baseModel folder or name of the model that the adapter changes
   * @param targets paths of all adapted modules
   */
  static String write(AdapterConfig config, String baseModel, List<String> targets)
      throws JsonProcessingException {
    ObjectNode json = JSON.createObjectNode();
    json.put("peft_type", LORA).put("task_type", "CAUSAL_LM");
    json.put("base_model_name_or_path", baseModel).put("inference_mode", true);
    json.put("r", config.rank()).put("lora_dropout", config.dropout());
    putNumber(json, "lora_alpha", config.alpha());
    json.put("use_rslora", config.isRankStabilised());
    json.put("bias", "none").put("fan_in_fan_out", false).putNull("modules_to_save");
    var paths = json.putArray("target_modules");
    targets.forEach(paths::add);
    ObjectNode ranks = json.putObject("rank_pattern");
    config.ranks().forEach(ranks::put);
    ObjectNode alphas = json.putObject("alpha_pattern");
    config.alphas().forEach((pattern, alpha) -> putNumber(alphas, pattern, alpha));
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
  }

  /** Whole numbers without a point, as PEFT has them. */
  private static void putNumber(ObjectNode json, String key, double value) {
    if (value == Math.rint(value) && Math.abs(value) < Integer.MAX_VALUE) {
      json.put(key, (int) value);
    } else {
      json.put(key, value);
    }
  }
}
