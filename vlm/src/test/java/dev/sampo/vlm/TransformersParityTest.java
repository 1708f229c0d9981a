package dev.sampo.vlm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.ops.Gradients;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The model computes what Hugging Face Transformers computes, on the recorded checkpoints. */
class TransformersParityTest {
  static Stream<Goldens> goldens() {
    return Goldens.all();
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void logitsOfPrefillAndDecodeAgree(Goldens goldens) {
    try (VisionLanguageModel model = load(goldens);
        NDManager scope = newScope()) {
      for (JsonNode goldenCase : goldens.cases()) {
        String name = goldenCase.path("name").asText();
        int[] branch = Goldens.ints(goldenCase.path("branch"));
        float[] expected = goldens.tensor(name + ".logits");
        int vocabulary = model.settings().vocabularySize();
        EncodedPrompt prompt = prompt(goldens, goldenCase);
        try (GenerationCache cache = newCache(model, prompt, branch.length)) {
          var actual = new float[expected.length];

          copy(cache.prefill(List.of(prompt), new int[] {0}, scope), actual, 0);
          for (int i = 0; i < branch.length; i++) {
            NDArray logits = cache.decode(new int[] {0}, new int[] {branch[i]}, scope);
            copy(logits, actual, (i + 1) * vocabulary);
          }

          assertThat(maxDifference(actual, expected)).as(name).isLessThan(2e-5);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void greedyTokensAgree(Goldens goldens) {
    try (VisionLanguageModel model = load(goldens);
        NDManager scope = newScope()) {
      for (JsonNode goldenCase : goldens.cases()) {
        int[] expected = Goldens.ints(goldenCase.path("greedy"));
        EncodedPrompt prompt = prompt(goldens, goldenCase);
        try (GenerationCache cache = newCache(model, prompt, expected.length)) {
          var actual = new int[expected.length];

          NDArray logits = cache.prefill(List.of(prompt), new int[] {0}, scope);
          for (int i = 0; i < expected.length; i++) {
            actual[i] = (int) logits.argMax().getLong();
            logits = cache.decode(new int[] {0}, new int[] {actual[i]}, scope);
          }

          assertThat(actual).as(goldenCase.path("name").asText()).isEqualTo(expected);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void logProbsAndEntropiesOfATreeAgree(Goldens goldens) {
    try (VisionLanguageModel model = load(goldens);
        NDManager scope = newScope()) {
      JsonNode recorded = goldens.loss();
      PrefixTree tree = tree(goldens, recorded);

      BranchScores plain = model.score(tree, 1, scope);
      BranchScores tempered = model.score(tree, recorded.path("temperature").asDouble(), scope);

      for (int row = 0; row < tree.numRows(); row++) {
        agree(plain.logProbs(), row, goldens.tensor("loss.log_probs." + row));
        agree(plain.entropies(), row, goldens.tensor("loss.entropies." + row));
        agree(tempered.logProbs(), row, goldens.tensor("loss.log_probs_t." + row));
      }
    }
  }

  private static void agree(NDArray rows, int row, float[] expected) {
    float[] actual = Arrays.copyOf(rows.get(row).toFloatArray(), expected.length);
    assertThat(maxDifference(actual, expected)).as("row " + row).isLessThan(2e-5);
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void lossAndGradientsOfATreeAgree(Goldens goldens) {
    try (VisionLanguageModel model = load(goldens);
        NDManager scope = newScope()) {
      model.parameters().values().forEach(array -> array.setRequiresGradient(true));
      JsonNode recorded = goldens.loss();
      float counted = recorded.path("counted_tokens").floatValue();

      double loss;
      try (GradientCollector collector = Gradients.collect()) {
        BranchScores scores = model.score(tree(goldens, recorded), 1, scope);
        NDArray result = scores.logProbs().get(":, 1:").sum().neg().div(counted);
        collector.backward(result);
        loss = result.getFloat();
      }

      assertThat(loss).isCloseTo(recorded.path("loss").asDouble(), offset(1e-5));
      for (JsonNode name : recorded.path("full_gradients")) {
        float[] expected = goldens.tensor("loss.grad." + name.asText());
        float[] actual = gradient(model, name.asText()).toFloatArray();
        assertThat(maxDifference(actual, expected) / max(expected))
            .as(name.asText())
            .isLessThan(1e-4);
      }
      for (Map.Entry<String, JsonNode> norm : recorded.path("gradient_norms").properties()) {
        double expected = norm.getValue().asDouble();
        assertThat((double) gradient(model, norm.getKey()).norm().getFloat())
            .as(norm.getKey())
            .isCloseTo(expected, offset(1e-4 * expected + 1e-6));
      }
    }
  }

  private static NDArray gradient(VisionLanguageModel model, String name) {
    return Objects.requireNonNull(model.parameters().get(name)).getGradient();
  }

  private static PrefixTree tree(Goldens goldens, JsonNode recorded) {
    var groups = new ArrayList<PrefixTree.Group>();
    for (JsonNode goldenCase : goldens.cases()) {
      var branches = new ArrayList<int[]>();
      for (JsonNode row : recorded.path("rows")) {
        if (row.path("case").equals(goldenCase.path("name"))) {
          branches.add(Goldens.ints(row.path("tokens")));
        }
      }
      groups.add(new PrefixTree.Group(prompt(goldens, goldenCase), branches));
    }
    return new PrefixTree(groups);
  }

  /** The recorded prompt: nothing of the processor takes part. */
  private static EncodedPrompt prompt(Goldens goldens, JsonNode goldenCase) {
    var images = new ArrayList<ImagePatches>();
    for (JsonNode grid : goldenCase.path("grids")) {
      String name = goldenCase.path("name").asText() + ".pixels." + images.size();
      int[] sizes = Goldens.ints(grid);
      images.add(
          new ImagePatches(
              twice(goldens.tensor(name), sizes[0] * sizes[1] * sizes[2]),
              sizes[0],
              sizes[1],
              sizes[2]));
    }
    int[][] positions =
        goldenCase.path("positions").valueStream().map(Goldens::ints).toArray(int[][]::new);
    return new EncodedPrompt(
        Goldens.ints(goldenCase.path("token_ids")),
        positions,
        goldenCase.path("next_position").asInt(),
        images);
  }

  /** Recorded is one of two equal frames: [I, 3, side, side] -> [I, 3, 2, side, side]. */
  private static float[] twice(float[] frame, int numPatches) {
    int plane = frame.length / numPatches / 3;
    var both = new float[2 * frame.length];
    for (int i = 0; i < 3 * numPatches; i++) {
      System.arraycopy(frame, i * plane, both, 2 * i * plane, plane);
      System.arraycopy(frame, i * plane, both, (2 * i + 1) * plane, plane);
    }
    return both;
  }

  private static VisionLanguageModel load(Goldens goldens) {
    return VisionLanguageModels.load(goldens.folder(), ModelOptions.onCpu());
  }

  private static NDManager newScope() {
    return Engine.getEngine("PyTorch").newBaseManager(Device.cpu());
  }

  private static GenerationCache newCache(
      VisionLanguageModel model, EncodedPrompt prompt, int tokens) {
    return model.newCache(new GenerationCache.Capacity(1, 1, prompt.length(), tokens));
  }

  private static void copy(NDArray logits, float[] target, int at) {
    float[] values = logits.toFloatArray();
    System.arraycopy(values, 0, target, at, values.length);
  }

  private static double maxDifference(float[] actual, float[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    double max = 0;
    for (int i = 0; i < expected.length; i++) {
      max = Math.max(max, Math.abs((double) actual[i] - expected[i]));
    }
    return max;
  }

  private static double max(float[] values) {
    double max = 0;
    for (float value : values) {
      max = Math.max(max, Math.abs(value));
    }
    return max;
  }
}
