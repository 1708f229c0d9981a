package dev.sampo.vlm.parity;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.Passes;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.ops.Gradients;
import java.util.Map;
import java.util.Objects;

/**
 * Loss over a tree and its gradients: the norm for every parameter, all values for three. A
 * difference is relative to the parameter's own norm or largest value; below a thousandth of the
 * largest of all, where a gradient is rounding noise of terms that cancel (a bias of keys before a
 * softmax), relative to that thousandth.
 */
final class GradientComparison implements Comparison {
  private static final double BOUND = 2e-5;
  private static final double NOISE = 1e-3;

  @Override
  public void run(Goldens goldens, Report report) {
    try (VisionLanguageModel model = Models.load(goldens)) {
      model.parameters().values().forEach(array -> array.setRequiresGradient(true));
      JsonNode recorded = goldens.loss();
      double loss = backward(model, goldens, recorded);

      report.atMost("all", "loss", Math.abs(loss - recorded.path("loss").asDouble()), 1e-5);
      report.equal(
          "all",
          "parameter-names",
          String.join(" ", model.parameters().keySet()),
          String.join(" ", (Iterable<String>) () -> recorded.path("gradient_norms").fieldNames()));
      double floor = NOISE * largestNorm(recorded.path("gradient_norms"));
      for (Map.Entry<String, JsonNode> norm : recorded.path("gradient_norms").properties()) {
        double expected = norm.getValue().asDouble();
        double actual = Differences.norm(gradient(model, norm.getKey()));
        double difference = Math.abs(actual - expected) / Math.max(expected, floor);
        report.atMost(norm.getKey(), "gradient-norm", difference, BOUND);
      }
      for (JsonNode name : recorded.path("full_gradients")) {
        float[] expected = goldens.tensor("loss.grad." + name.asText());
        float[] actual = gradient(model, name.asText());
        double scale = Math.max(Differences.largest(expected), floor);
        report.close(name.asText(), "gradient", actual, expected, BOUND * scale);
      }
    }
  }

  /** Fills the gradients of the mean over counted tokens, the first of each row left out. */
  static double backward(VisionLanguageModel model, Goldens goldens, JsonNode recorded) {
    float counted = recorded.path("counted_tokens").floatValue();
    return Passes.backward(
        model,
        Models.tree(goldens, recorded.path("rows")),
        logProbs -> logProbs.get(":, 1:").div(Gradients.constant(-counted, logProbs)).sum());
  }

  static double largestNorm(JsonNode norms) {
    return norms.valueStream().mapToDouble(JsonNode::asDouble).max().orElseThrow();
  }

  private static float[] gradient(VisionLanguageModel model, String name) {
    return Objects.requireNonNull(model.parameters().get(name), name).getGradient().toFloatArray();
  }
}
