package dev.sampo.vlm.internvl;

import dev.sampo.vlm.weights.Parameter.Part;
import dev.sampo.vlm.weights.ParameterTable;
import java.util.List;

/** Parameters in the order of {@link dev.sampo.vlm.ops.TileOps}. */
final class TileTowerTable {
  /** Names of the parameters of the tower begin so. */
  static final String TOWER = "vision_tower.";

  private static final String EMBEDDINGS = TOWER + "embeddings.";
  private static final String PROJECTOR = "multi_modal_projector.";

  /** Of what is learned for a place rather than for a pixel. */
  private static final double PLACE_DEVIATION = 0.02;

  private TileTowerTable() {}

  static ParameterTable of(TileTowerSettings tower, ProjectorSettings projector) {
    long width = tower.width();
    var table = new ParameterTable.Builder(Part.VISION_TOWER);
    table.add(EMBEDDINGS + "cls_token", List.of(1L, 1L, width), PLACE_DEVIATION, 0);
    if (tower.positions()) {
      long places = 1 + (long) tower.trainedSide() * tower.trainedSide();
      table.add(EMBEDDINGS + "position_embeddings", List.of(1L, places, width), PLACE_DEVIATION, 0);
    } else {
      table.absent();
    }
    String patches = EMBEDDINGS + "patch_embeddings.projection";
    long side = tower.patchSize();
    table.weight(patches + ".weight", 1, List.of(width, (long) tower.numChannels(), side, side));
    table.vector(patches + ".bias", width);
    if (tower.finalNorm()) {
      table.layerNorm(TOWER + "layernorm", width);
    } else {
      table.absent().absent();
    }
    table.in(Part.PROJECTOR);
    long merged = width * projector.merge() * projector.merge();
    table.layerNorm(PROJECTOR + "layer_norm", merged);
    table.linear(PROJECTOR + "linear_1", projector.width(), merged, 1);
    table.linear(PROJECTOR + "linear_2", projector.width(), projector.width(), 1);
    table.in(Part.VISION_TOWER);
    for (int block = 0; block < tower.depth(); block++) {
      addBlock(table, TOWER + "encoder.layer." + block + ".", tower);
    }
    return table.build();
  }

  private static void addBlock(
      ParameterTable.Builder table, String prefix, TileTowerSettings tower) {
    long width = tower.width();
    String attention = prefix + "attention.";
    addNorm(table, prefix + "layernorm_before", tower);
    for (String projection : List.of("q_proj", "k_proj", "v_proj")) {
      if (tower.attentionBias()) {
        table.linear(attention + projection, width, width, 1);
      } else {
        table.matrix(attention + projection, width, width, 1).absent();
      }
    }
    for (String norm : List.of("q_norm", "k_norm")) {
      if (tower.queryNorms()) {
        table.norm(attention + norm + ".weight", width);
      } else {
        table.absent();
      }
    }
    table.linear(attention + "projection_layer", width, width, 1);
    table.add(prefix + "lambda_1", List.of(width), 0, tower.layerScale());
    addNorm(table, prefix + "layernorm_after", tower);
    table.linear(prefix + "mlp.fc1", tower.intermediateSize(), width, 1);
    table.linear(prefix + "mlp.fc2", width, tower.intermediateSize(), 1);
    table.add(prefix + "lambda_2", List.of(width), 0, tower.layerScale());
  }

  private static void addNorm(
      ParameterTable.Builder table, String module, TileTowerSettings tower) {
    if (tower.rmsNorms()) {
      table.norm(module + ".weight", tower.width()).absent();
    } else {
      table.layerNorm(module, tower.width());
    }
  }
}
