package dev.sampo.vlm.parity;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.Precision;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import java.util.List;

/** What several comparisons do with a recorded checkpoint. */
final class Models {
  /** Of logits and log-probs in float32. */
  static final double BOUND = 2e-5;

  private Models() {}

  static VisionLanguageModel load(Goldens goldens) {
    return VisionLanguageModels.load(goldens.folder(), ModelOptions.onCpu());
  }

  static VisionLanguageModel loadBfloat16(Goldens goldens) {
    return VisionLanguageModels.load(
        goldens.folder(), ModelOptions.onCpu().with(Precision.BFLOAT16));
  }

  static NDManager newScope() {
    return Engine.getEngine("PyTorch").newBaseManager(Device.cpu());
  }

  /** The cases of recorded rows with the tokens of their rows as branches, in the order of rows. */
  static PrefixTree tree(Goldens goldens, JsonNode rows) {
    List<String> names =
        rows.valueStream().map(row -> row.path("case").asText()).distinct().toList();
    return new PrefixTree(
        names.stream()
            .map(name ->
                new PrefixTree.Group(
                    goldens.prompt(goldens.caseOf(name)),
                    rows.valueStream()
                        .filter(row -> row.path("case").asText().equals(name))
                        .map(row -> Goldens.ints(row.path("tokens")))
                        .toList()))
            .toList());
  }
}
