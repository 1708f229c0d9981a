package dev.sampo.vlm.decoder;

import dev.sampo.vlm.weights.Parameter.Part;
import dev.sampo.vlm.weights.ParameterTable;
import java.util.List;

/** Parameters of a decoder in the order of {@link dev.sampo.vlm.ops.DecoderOps}. */
public final class DecoderTable {
  /** Small models learn to place boxes sooner from embeddings larger than the usual 1. */
  private static final double EMBEDDING_SCALE = 3;

  private static final int EMBEDDING = 0;

  private DecoderTable() {}

  /**
   * The table.
   *
   * @param prefix of every name but the head's, such as {@code model.}
   * @param head module of the output head
   */
  public static ParameterTable of(DecoderSettings settings, String prefix, String head) {
    long width = settings.hiddenSize();
    var table = new ParameterTable.Builder(Part.DECODER);
    table.weight(
        prefix + "embed_tokens.weight",
        EMBEDDING_SCALE,
        List.of((long) settings.vocabularySize(), width));
    table.norm(prefix + "norm.weight", width);
    if (settings.tiedHead()) {
      table.tied(head, EMBEDDING);
    } else {
      table.matrix(head, settings.vocabularySize(), width, 1);
    }
    for (int layer = 0; layer < settings.numLayers(); layer++) {
      addLayer(table, prefix + "layers." + layer + ".", settings);
    }
    return table.build();
  }

  private static void addLayer(
      ParameterTable.Builder table, String prefix, DecoderSettings settings) {
    long width = settings.hiddenSize();
    long inner = settings.intermediateSize();
    long queries = (long) settings.numHeads() * settings.headSize();
    long keys = (long) settings.numKeyValueHeads() * settings.headSize();
    // Branches that add to the residual stream start small, so that depth does not add up.
    double small = 1 / Math.sqrt(2.0 * settings.numLayers());
    table.norm(prefix + "input_layernorm.weight", width);
    addProjection(table, prefix + "self_attn.q_proj", queries, settings);
    addProjection(table, prefix + "self_attn.k_proj", keys, settings);
    addProjection(table, prefix + "self_attn.v_proj", keys, settings);
    table.matrix(prefix + "self_attn.o_proj", width, queries, small);
    table.norm(prefix + "post_attention_layernorm.weight", width);
    table.matrix(prefix + "mlp.gate_proj", inner, width, 1);
    table.matrix(prefix + "mlp.up_proj", inner, width, 1);
    table.matrix(prefix + "mlp.down_proj", width, inner, small);
  }

  private static void addProjection(
      ParameterTable.Builder table, String module, long out, DecoderSettings settings) {
    if (settings.attentionBias()) {
      table.linear(module, out, settings.hiddenSize(), 1);
    } else {
      table.matrix(module, out, settings.hiddenSize(), 1).absent();
    }
  }
}
