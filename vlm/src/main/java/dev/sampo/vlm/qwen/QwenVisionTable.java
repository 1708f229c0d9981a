package dev.sampo.vlm.qwen;

import dev.sampo.vlm.weights.Parameter.Part;
import dev.sampo.vlm.weights.ParameterTable;
import java.util.List;

/** Parameters of the vision tower in the order of {@link dev.sampo.vlm.ops.VisionOps}. */
final class QwenVisionTable {
  private QwenVisionTable() {}

  static ParameterTable of(QwenVisionSettings vision) {
    long width = vision.hiddenSize();
    long merged = width * vision.patchesPerUnit();
    var table = new ParameterTable.Builder(Part.VISION_TOWER);
    table.weight(
        "visual.patch_embed.proj.weight",
        1,
        List.of(
            width,
            (long) vision.numChannels(),
            (long) vision.temporalPatchSize(),
            (long) vision.patchSize(),
            (long) vision.patchSize()));
    table.in(Part.PROJECTOR);
    addNorm(table, "visual.merger.ln_q", vision);
    table.linear("visual.merger.mlp.0", merged, merged, 1);
    table.linear("visual.merger.mlp.2", vision.outHiddenSize(), merged, 1);
    table.in(Part.VISION_TOWER);
    for (int block = 0; block < vision.depth(); block++) {
      addBlock(table, "visual.blocks." + block + ".", vision);
    }
    return table.build();
  }

  private static void addBlock(
      ParameterTable.Builder table, String prefix, QwenVisionSettings vision) {
    long width = vision.hiddenSize();
    long inner = vision.intermediateSize();
    // Branches that add to the residual stream start small, so that depth does not add up.
    double small = 1 / Math.sqrt(2.0 * vision.depth());
    addNorm(table, prefix + "norm1", vision);
    table.linear(prefix + "attn.qkv", 3 * width, width, 1);
    table.linear(prefix + "attn.proj", width, width, small);
    addNorm(table, prefix + "norm2", vision);
    switch (vision.blocks()) {
      case GATED ->
          table
              .linear(prefix + "mlp.gate_proj", inner, width, 1)
              .linear(prefix + "mlp.up_proj", inner, width, 1)
              .linear(prefix + "mlp.down_proj", width, inner, small);
      case LAYER_NORM ->
          table
              .linear(prefix + "mlp.fc1", inner, width, 1)
              .absent()
              .absent()
              .linear(prefix + "mlp.fc2", width, inner, small);
    }
  }

  private static void addNorm(
      ParameterTable.Builder table, String module, QwenVisionSettings vision) {
    switch (vision.blocks()) {
      case GATED -> table.norm(module + ".weight", vision.hiddenSize()).absent();
      case LAYER_NORM -> table.layerNorm(module, vision.hiddenSize());
    }
  }
}
