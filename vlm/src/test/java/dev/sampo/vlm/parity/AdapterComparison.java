package dev.sampo.vlm.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.lora.AdapterSource;
import dev.sampo.vlm.lora.LoraAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;

/** An adapter that PEFT wrote: logits with it, and the gradients of its matrices. */
final class AdapterComparison implements Comparison {
  private static final double BOUND = 2e-5;
  private static final double NOISE = 1e-3;
  private static final String CONFIG = "adapter_config.json";
  private static final List<String> FILES = List.of(CONFIG, LoraAdapter.FILE);

  @Override
  public boolean appliesTo(Goldens goldens) {
    return !goldens.lora().isMissingNode();
  }

  @Override
  public void run(Goldens goldens, Report report) throws IOException {
    JsonNode recorded = goldens.lora();
    Path folder = goldens.folder().resolve(recorded.path("folder").asText());
    try (VisionLanguageModel model = load(goldens, folder);
        NDManager scope = Models.newScope()) {
      compareLogits(model, goldens, recorded, report, scope);
    }
    Path still = withoutDropout(folder);
    try (VisionLanguageModel model = load(goldens, still)) {
      compareGradients(model, goldens, recorded, report);
    } finally {
      for (String file : FILES) {
        Files.delete(still.resolve(file));
      }
      Files.delete(still);
    }
  }

  private static VisionLanguageModel load(Goldens goldens, Path adapter) {
    ModelOptions options = ModelOptions.onCpu().with(new AdapterSource.Stored(adapter));
    return VisionLanguageModels.load(goldens.folder(), options);
  }

  /** The reference recorded gradients as if for evaluation; here they come with dropout. */
  private static Path withoutDropout(Path adapter) throws IOException {
    Path copy = Files.createTempDirectory("adapter");
    for (String file : FILES) {
      Files.copy(adapter.resolve(file), copy.resolve(file));
    }
    ObjectNode config = (ObjectNode) Goldens.json(copy.resolve(CONFIG));
    config.put("lora_dropout", 0);
    Files.writeString(copy.resolve(CONFIG), config.toString());
    return copy;
  }

  private static void compareLogits(
      VisionLanguageModel model,
      Goldens goldens,
      JsonNode recorded,
      Report report,
      NDManager scope) {
    for (JsonNode row : recorded.path("rows")) {
      String name = row.path("case").asText();
      int[] branch = Goldens.ints(row.path("tokens"));
      float[] logits =
          LogitsComparison.logits(model, goldens.prompt(goldens.caseOf(name)), branch, scope);
      float[] expected = goldens.tensor(name + ".lora.logits");
      report.close(name, "adapter-logits", logits, expected, Models.BOUND);
    }
  }

  private static void compareGradients(
      VisionLanguageModel model, Goldens goldens, JsonNode recorded, Report report) {
    SortedMap<String, NDArray> adapters = model.trainable(Set.of());
    JsonNode norms = recorded.path("gradient_norms");
    report.equal(
        "all",
        "adapter-names",
        String.join(" ", adapters.keySet()),
        String.join(" ", (Iterable<String>) () -> norms.fieldNames()));
    adapters.values().forEach(array -> array.setRequiresGradient(true));
    double loss = GradientComparison.backward(model, goldens, recorded);
    report.atMost("all", "adapter-loss", Math.abs(loss - recorded.path("loss").asDouble()), 1e-5);
    double floor = NOISE * GradientComparison.largestNorm(norms);
    for (Map.Entry<String, JsonNode> norm : norms.properties()) {
      double expected = norm.getValue().asDouble();
      NDArray array = Objects.requireNonNull(adapters.get(norm.getKey()), norm.getKey());
      double actual = Differences.norm(array.getGradient().toFloatArray());
      double difference = Math.abs(actual - expected) / Math.max(expected, floor);
      report.atMost(norm.getKey(), "adapter-gradient-norm", difference, BOUND);
    }
  }
}
