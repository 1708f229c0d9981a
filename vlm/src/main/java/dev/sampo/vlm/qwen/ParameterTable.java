package dev.sampo.vlm.qwen;

import java.util.ArrayList;
import java.util.List;

/**
 * Every parameter of a model in the order the native functions take them, with its published name,
 * its shape and how a clean start draws it.
 *
 * @param vision see {@link dev.sampo.vlm.ops.VisionOps}
 * @param text see {@link dev.sampo.vlm.ops.DecoderOps}; a tied head is the embedding again
 */
record ParameterTable(List<Parameter> vision, List<Parameter> text) {

  /**
   * A parameter.
   *
   * @param deviation standard deviation of a clean start around {@code mean}
   * @param mean 1 for norms, 0 for the rest
   */
  record Parameter(String name, List<Long> shape, double deviation, double mean) {
    Parameter {
      shape = List.copyOf(shape);
    }
  }

  static final String EMBEDDING = "model.embed_tokens.weight";
  static final String HEAD = "lm_head.weight";

  /** Small models learn to place boxes sooner from embeddings larger than the usual 1. */
  private static final double EMBEDDING_SCALE = 3;

  static ParameterTable of(QwenVlSettings settings) {
    return new ParameterTable(vision(settings.vision()), text(settings.text()));
  }

  private static List<Parameter> vision(QwenVlSettings.Vision vision) {
    long width = vision.hiddenSize();
    long inner = vision.intermediateSize();
    long merged = width * vision.patchesPerUnit();
    // Branches that add to the residual stream start small, so that depth does not add up.
    double small = 1 / Math.sqrt(2.0 * vision.depth());
    var list = new Builder();
    list.weight(
        "visual.patch_embed.proj.weight",
        1,
        width,
        (long) vision.numChannels(),
        (long) vision.temporalPatchSize(),
        (long) vision.patchSize(),
        (long) vision.patchSize());
    list.norm("visual.merger.ln_q.weight", width);
    list.linear("visual.merger.mlp.0", merged, merged, 1);
    list.linear("visual.merger.mlp.2", vision.outHiddenSize(), merged, 1);
    for (int block = 0; block < vision.depth(); block++) {
      String prefix = "visual.blocks." + block + ".";
      list.norm(prefix + "norm1.weight", width);
      list.linear(prefix + "attn.qkv", 3 * width, width, 1);
      list.linear(prefix + "attn.proj", width, width, small);
      list.norm(prefix + "norm2.weight", width);
      list.linear(prefix + "mlp.gate_proj", inner, width, 1);
      list.linear(prefix + "mlp.up_proj", inner, width, 1);
      list.linear(prefix + "mlp.down_proj", width, inner, small);
    }
    return list.parameters;
  }

  private static List<Parameter> text(QwenVlSettings.Text text) {
    long width = text.hiddenSize();
    long inner = text.intermediateSize();
    long shared = (long) text.numKeyValueHeads() * text.headSize();
    double small = 1 / Math.sqrt(2.0 * text.numLayers());
    var list = new Builder();
    list.weight(EMBEDDING, EMBEDDING_SCALE, text.vocabularySize(), width);
    list.norm("model.norm.weight", width);
    if (text.tiedHead()) {
      list.parameters.add(list.parameters.getFirst());
    } else {
      list.weight(HEAD, 1, text.vocabularySize(), width);
    }
    for (int layer = 0; layer < text.numLayers(); layer++) {
      String prefix = "model.layers." + layer + ".";
      list.norm(prefix + "input_layernorm.weight", width);
      list.linear(prefix + "self_attn.q_proj", width, width, 1);
      list.linear(prefix + "self_attn.k_proj", shared, width, 1);
      list.linear(prefix + "self_attn.v_proj", shared, width, 1);
      list.weight(prefix + "self_attn.o_proj.weight", small, width, width);
      list.norm(prefix + "post_attention_layernorm.weight", width);
      list.weight(prefix + "mlp.gate_proj.weight", 1, inner, width);
      list.weight(prefix + "mlp.up_proj.weight", 1, inner, width);
      list.weight(prefix + "mlp.down_proj.weight", small, width, inner);
    }
    return list.parameters;
  }

  private static final class Builder {
    private final List<Parameter> parameters = new ArrayList<>();

    private void norm(String name, long width) {
      parameters.add(new Parameter(name, List.of(width), 0, 1));
    }

    private void linear(String name, long out, long in, double scale) {
      weight(name + ".weight", scale, out, in);
      parameters.add(new Parameter(name + ".bias", List.of(out), 0, 0));
    }

    /** Normal with variance {@code scale^2} over the number of inputs. */
    private void weight(String name, double scale, long... shape) {
      var sizes = new ArrayList<Long>();
      long inputs = 1;
      for (int axis = 0; axis < shape.length; axis++) {
        sizes.add(shape[axis]);
        inputs *= axis == 0 ? 1 : shape[axis];
      }
      parameters.add(new Parameter(name, sizes, scale / Math.sqrt((double) inputs), 0));
    }
  }
}
