package dev.sampo.vlm.internvl;

import dev.sampo.vlm.decoder.DecoderSettings;
import dev.sampo.vlm.weights.Parameter;
import dev.sampo.vlm.weights.StoredSlice;
import dev.sampo.vlm.weights.WeightLayout;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The layout of OpenGVLab, as Transformers' {@code convert_internvl_weights_to_hf.py} reads it: the
 * vision tower keeps queries, keys and values in one matrix, and so does an InternLM2 decoder, head
 * group by head group.
 *
 * @param kind of decoder
 */
record OpenGvLabLayout(DecoderKind kind, DecoderSettings decoder) implements WeightLayout {
  private static final Pattern TOWER_QKV =
      Pattern.compile("vision_tower\\.encoder\\.layer\\.(\\d+)\\.attention\\.([qkv])_proj\\.(.*)");
  private static final Pattern DECODER_QKV =
      Pattern.compile("language_model\\.model\\.(layers\\.\\d+)\\.self_attn\\.([qkv])_proj\\.(.*)");
  private static final Pattern TOWER_LAYER =
      Pattern.compile("vision_tower\\.encoder\\.layer\\.(\\d+)\\.(.*)");
  private static final Pattern DECODER_LAYER =
      Pattern.compile("language_model\\.model\\.(layers\\.\\d+)\\.(.*)");
  private static final List<String> QKV = List.of("q", "k", "v");

  /** How names begin, outside of layers. */
  private static final Map<String, String> PREFIXES =
      Map.of(
          "vision_tower.embeddings.cls_token", "vision_model.embeddings.class_embedding",
          "vision_tower.embeddings.position_embeddings",
              "vision_model.embeddings.position_embedding",
          "vision_tower.embeddings.patch_embeddings.projection",
              "vision_model.embeddings.patch_embedding",
          "multi_modal_projector.layer_norm", "mlp1.0",
          "multi_modal_projector.linear_1", "mlp1.1",
          "multi_modal_projector.linear_2", "mlp1.3");

  /** How names begin inside a layer of the vision tower. */
  private static final Map<String, String> TOWER_PREFIXES =
      Map.of(
          "attention.q_norm", "attn.q_norm",
          "attention.k_norm", "attn.k_norm",
          "attention.projection_layer", "attn.proj",
          "lambda_1", "ls1",
          "lambda_2", "ls2",
          "layernorm_before", "norm1",
          "layernorm_after", "norm2",
          "mlp.", "mlp.");

  /** How names begin inside a layer of an InternLM2 decoder. */
  private static final Map<String, String> INTERNLM2_PREFIXES =
      Map.of(
          "self_attn.o_proj", "attention.wo",
          "mlp.gate_proj", "feed_forward.w1",
          "mlp.up_proj", "feed_forward.w3",
          "mlp.down_proj", "feed_forward.w2",
          "input_layernorm", "attention_norm",
          "post_attention_layernorm", "ffn_norm");

  /** How names of an InternLM2 decoder begin outside of layers. */
  private static final Map<String, String> INTERNLM2_OUTER =
      Map.of(
          "language_model.model.embed_tokens", "language_model.model.tok_embeddings",
          "language_model.model.norm", "language_model.model.norm",
          "language_model.lm_head", "language_model.output");

  @Override
  public StoredSlice locate(Parameter parameter) {
    Matcher tower = TOWER_QKV.matcher(parameter.name());
    if (tower.matches()) {
      long rows = parameter.shape().getFirst();
      String tensor =
          "vision_model.encoder.layers.%s.attn.qkv.%s".formatted(tower.group(1), tower.group(3));
      return new StoredSlice(tensor, 1, 3 * rows, QKV.indexOf(tower.group(2)) * rows, rows);
    }
    Matcher packed = DECODER_QKV.matcher(parameter.name());
    if (kind == DecoderKind.INTERNLM2 && packed.matches()) {
      String tensor =
          "language_model.model.%s.attention.wqkv.%s".formatted(packed.group(1), packed.group(3));
      return grouped(tensor, packed.group(2));
    }
    return StoredSlice.whole(published(parameter.name()), parameter);
  }

  /** For each key/value head its query heads, then its key, then its value. */
  private StoredSlice grouped(String tensor, String part) {
    long groups = decoder.numKeyValueHeads();
    long shared = decoder.numHeads() / groups;
    long size = decoder.headSize();
    long rows = (shared + 2) * size;
    return switch (part) {
      case "q" -> new StoredSlice(tensor, groups, rows, 0, shared * size);
      case "k" -> new StoredSlice(tensor, groups, rows, shared * size, size);
      default -> new StoredSlice(tensor, groups, rows, (shared + 1) * size, size);
    };
  }

  /** Name in the file of a parameter, or of a module, that is a tensor of its own there. */
  private String published(String name) {
    Matcher tower = TOWER_LAYER.matcher(name);
    if (tower.matches()) {
      return "vision_model.encoder.layers.%s.%s"
          .formatted(tower.group(1), renamed(tower.group(2), TOWER_PREFIXES).orElseThrow());
    }
    Matcher layer = DECODER_LAYER.matcher(name);
    if (kind == DecoderKind.INTERNLM2 && layer.matches()) {
      return "language_model.model.%s.%s"
          .formatted(layer.group(1), renamed(layer.group(2), INTERNLM2_PREFIXES).orElseThrow());
    }
    return renamed(name, kind == DecoderKind.INTERNLM2 ? INTERNLM2_OUTER : Map.of())
        .or(() -> renamed(name, PREFIXES))
        .orElse(name);
  }

  private static Optional<String> renamed(String name, Map<String, String> prefixes) {
    return prefixes.entrySet().stream()
        .filter(entry -> name.startsWith(entry.getKey()))
        .map(entry -> entry.getValue() + name.substring(entry.getKey().length()))
        .findFirst();
  }

  @Override
  public String storedName(String nameInFile) {
    return nameInFile;
  }

  @Override
  public Set<String> ignored() {
    return decoder.tiedHead() ? Set.of(published("language_model.lm_head.weight")) : Set.of();
  }

  /**
   * The path in the code that OpenGVLab publishes, where one module is queries, keys and values.
   */
  @Override
  public String modulePath(String module) {
    return packedPath(module).orElseGet(() -> published(module));
  }

  @Override
  public Optional<String> packedLayout(String module) {
    return packedPath(module).map(_ -> "OpenGVLab (model_type internvl_chat)");
  }

  private Optional<String> packedPath(String module) {
    Matcher tower = TOWER_QKV.matcher(module + ".");
    if (tower.matches()) {
      return Optional.of("vision_model.encoder.layers.%s.attn.qkv".formatted(tower.group(1)));
    }
    Matcher layer = DECODER_QKV.matcher(module + ".");
    return kind == DecoderKind.INTERNLM2 && layer.matches()
        ? Optional.of("language_model.model.%s.attention.wqkv".formatted(layer.group(1)))
        : Optional.empty();
  }
}
