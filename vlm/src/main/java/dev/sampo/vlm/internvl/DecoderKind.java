package dev.sampo.vlm.internvl;

import dev.sampo.vlm.decoder.DecoderSettings;
import dev.sampo.vlm.family.ConfigReader;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** Decoders of InternVL releases, by the {@code model_type} of their settings. */
enum DecoderKind {
  /** Biases on queries, keys and values. */
  QWEN2(32_768, 151_936, 22_016),
  /** No biases. */
  LLAMA(2048, 32_000, 11_008),
  /** No biases, and matrices of its own in files. */
  INTERNLM2(2048, 103_168, 11_008);

  private static final int HIDDEN_SIZE = 4096;
  private static final int LAYERS = 32;
  private static final int HEADS = 32;

  private final int maxPositions;
  private final int vocabularySize;
  private final int intermediateSize;

  /** A kind, with the values of settings that do not say. */
  DecoderKind(int maxPositions, int vocabularySize, int intermediateSize) {
    this.maxPositions = maxPositions;
    this.vocabularySize = vocabularySize;
    this.intermediateSize = intermediateSize;
  }

  /**
   * The kind that the settings name.
   *
   * @throws dev.sampo.vlm.ModelException if it is none of {@code allowed}
   */
  static DecoderKind of(ConfigReader text, DecoderKind... allowed) {
    var names = new TreeSet<String>();
    Arrays.stream(allowed).map(DecoderKind::modelType).forEach(names::add);
    return valueOf(text.oneOf("model_type", names, QWEN2.modelType()).toUpperCase(Locale.ROOT));
  }

  private String modelType() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Reads the shape of a decoder. Absent keys take the values of Transformers.
   *
   * @throws dev.sampo.vlm.ModelException if a setting is missing, wrong or not supported
   */
  DecoderSettings settings(ConfigReader text) {
    text.oneOf("hidden_act", Set.of("silu"), "silu");
    for (String bias : biases()) {
      text.oneOf(bias, Set.of("false"), "false");
    }
    text.oneOf("use_sliding_window", Set.of("false"), "false");
    int heads = text.integer("num_attention_heads", HEADS);
    int width = text.integer("hidden_size", HIDDEN_SIZE);
    int positions = positions(text);
    return text.checked(() -> {
      int size =
          text.has("head_dim") ? text.integer("head_dim") : DecoderSettings.headSize(width, heads);
      return new DecoderSettings(
          text.integer("vocab_size", vocabularySize),
          width,
          text.integer("intermediate_size", intermediateSize),
          text.integer("num_hidden_layers", LAYERS),
          heads,
          text.integer("num_key_value_heads", heads),
          size,
          text.number("rms_norm_eps", 1e-6),
          text.number("rope_theta", 10000),
          // All axes count alike, so that any division among them is the same.
          List.of(size / 2, 0, 0),
          this == QWEN2,
          text.flag("tie_word_embeddings", false),
          positions);
    });
  }

  /** Settings that ask for biases that are not supported. */
  private List<String> biases() {
    return switch (this) {
      case QWEN2 -> List.of();
      case LLAMA -> List.of("attention_bias", "mlp_bias");
      case INTERNLM2 -> List.of("bias");
    };
  }

  /** Dynamic scaling changes the rotary frequencies of sequences longer than those trained on. */
  private int positions(ConfigReader text) {
    if (!text.has("rope_scaling")) {
      return Integer.MAX_VALUE;
    }
    ConfigReader scaling = text.section("rope_scaling");
    String key = scaling.has("rope_type") ? "rope_type" : "type";
    String type = scaling.oneOf(key, new TreeSet<>(Set.of("default", "dynamic")), "nothing");
    return type.equals("dynamic")
        ? text.integer("max_position_embeddings", maxPositions)
        : Integer.MAX_VALUE;
  }
}
