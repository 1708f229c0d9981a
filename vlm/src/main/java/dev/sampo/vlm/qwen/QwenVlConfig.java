package dev.sampo.vlm.qwen;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.ModelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads {@link QwenVlSettings} from {@code config.json}, in the layout of the published checkpoints
 * (decoder settings at the top) and in the one that Transformers writes since 4.52 (under {@code
 * text_config}).
 */
final class QwenVlConfig {
  private final Path source;

  private QwenVlConfig(Path source) {
    this.source = source;
  }

  static QwenVlSettings read(JsonNode config, Path source) {
    return new QwenVlConfig(source).settings(config);
  }

  private QwenVlSettings settings(JsonNode config) {
    JsonNode text = config.path("text_config").isObject() ? config.path("text_config") : config;
    try {
      return new QwenVlSettings(
          text(text, config),
          vision(config.path("vision_config")),
          integer(config, "image_token_id"));
    } catch (IllegalArgumentException e) {
      throw new ModelException(source + ": " + e.getMessage(), e);
    }
  }

  private QwenVlSettings.Text text(JsonNode text, JsonNode config) {
    only(text, "hidden_act", "silu");
    if (text.path("use_sliding_window").asBoolean(false)) {
      throw new ModelException(source + ": use_sliding_window must be false, got true");
    }
    JsonNode tied = config.has("tie_word_embeddings") ? config : text;
    return new QwenVlSettings.Text(
        integer(text, "vocab_size"),
        integer(text, "hidden_size"),
        integer(text, "intermediate_size"),
        integer(text, "num_hidden_layers"),
        integer(text, "num_attention_heads"),
        integer(text, "num_key_value_heads"),
        number(text, "rms_norm_eps"),
        number(text, "rope_theta"),
        integers(text.path("rope_scaling"), "mrope_section"),
        tied.path("tie_word_embeddings").asBoolean(false));
  }

  private QwenVlSettings.Vision vision(JsonNode vision) {
    only(vision, "hidden_act", "silu");
    String channels = vision.has("in_channels") ? "in_channels" : "in_chans";
    return new QwenVlSettings.Vision(
        integer(vision, "depth"),
        integer(vision, "hidden_size"),
        integer(vision, "intermediate_size"),
        integer(vision, "num_heads"),
        vision.has(channels) ? integer(vision, channels) : 3,
        integer(vision, "patch_size"),
        integer(vision, "temporal_patch_size"),
        integer(vision, "spatial_merge_size"),
        integer(vision, "window_size"),
        integers(vision, "fullatt_block_indexes"),
        integer(vision, "out_hidden_size"));
  }

  private void only(JsonNode node, String key, String allowed) {
    String value = node.path(key).asText(allowed);
    if (!value.equals(allowed)) {
      throw new ModelException("%s: %s must be %s, got %s".formatted(source, key, allowed, value));
    }
  }

  private int integer(JsonNode node, String key) {
    JsonNode value = node.path(key);
    if (!value.canConvertToInt() || !value.isIntegralNumber()) {
      throw new ModelException(
          "%s: %s must be an integer, got %s".formatted(source, key, shown(value)));
    }
    return value.intValue();
  }

  private double number(JsonNode node, String key) {
    JsonNode value = node.path(key);
    if (!value.isNumber()) {
      throw new ModelException(
          "%s: %s must be a number, got %s".formatted(source, key, shown(value)));
    }
    return value.doubleValue();
  }

  private List<Integer> integers(JsonNode node, String key) {
    JsonNode value = node.path(key);
    var result = new ArrayList<Integer>();
    for (JsonNode element : value) {
      result.add(element.asInt(-1));
    }
    if (!value.isArray() || result.contains(-1)) {
      throw new ModelException(
          "%s: %s must be a list of integers, got %s".formatted(source, key, shown(value)));
    }
    return result;
  }

  private static String shown(JsonNode value) {
    return value.isMissingNode() ? "nothing" : value.toString();
  }
}
