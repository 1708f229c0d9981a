package dev.sampo.vlm;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.image.ImageDecoder;
import dev.sampo.vlm.prompt.VlmProcessor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * From picture files and text to log-probs and tokens, several prompts at once, against the numbers
 * that Hugging Face Transformers gave for each prompt alone.
 */
class TreeParityTest {

  @ParameterizedTest
  @MethodSource("dev.sampo.vlm.Goldens#all")
  void logProbsAndEntropiesOfATreeAgree(Goldens goldens) throws IOException {
    try (VisionLanguageModel model =
            VisionLanguageModels.load(goldens.folder(), ModelOptions.onCpu());
        VlmProcessor processor = VlmProcessor.load(goldens.folder());
        NDManager scope = Engine.getEngine("PyTorch").newBaseManager(Device.cpu())) {
      PrefixTree tree = tree(goldens, processor);
      double temperature = goldens.loss().path("temperature").asDouble();

      BranchScores scores = model.score(tree, 1.0, scope);
      BranchScores cooler = model.score(tree, temperature, scope);

      int row = 0;
      for (PrefixTree.Group group : tree.groups()) {
        for (int[] branch : group.branches()) {
          assertRow(scores.logProbs(), row, branch.length, goldens.tensor("loss.log_probs." + row));
          assertRow(
              scores.entropies(), row, branch.length, goldens.tensor("loss.entropies." + row));
          assertRow(
              cooler.logProbs(), row, branch.length, goldens.tensor("loss.log_probs_t." + row));
          assertThat(scores.mask().get(row).toFloatArray())
              .containsExactly(ones(branch.length, tree.maxBranchLength()));
          row++;
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.sampo.vlm.Goldens#all")
  void promptsGeneratedTogetherGiveTheTokensOfEachAlone(Goldens goldens) throws IOException {
    List<JsonNode> cases = goldens.cases();
    try (VisionLanguageModel model =
            VisionLanguageModels.load(goldens.folder(), ModelOptions.onCpu());
        VlmProcessor processor = VlmProcessor.load(goldens.folder());
        NDManager scope = Engine.getEngine("PyTorch").newBaseManager(Device.cpu())) {
      List<EncodedPrompt> prompts = cases.stream().map(c -> prompt(processor, c)).toList();
      int longest = prompts.stream().mapToInt(EncodedPrompt::length).max().orElseThrow();
      int[][] expected =
          cases.stream().map(c -> Goldens.ints(c.path("greedy"))).toArray(int[][]::new);
      int steps = expected[0].length;
      int[] slots = {2, 0, 3, 1};
      var capacity = new GenerationCache.Capacity(slots.length, 2, longest, steps);
      var actual = new int[cases.size()][steps];

      try (GenerationCache cache = model.newCache(capacity)) {
        NDArray logits = cache.prefill(prompts, slots, scope);
        for (int i = 0; i < cases.size(); i++) {
          actual[i][0] = (int) logits.get(i).argMax().getLong();
        }
        for (int step = 1; step < steps; step++) {
          // Ascending rows: the second row of every slot.
          int[] tokens = new int[slots.length];
          for (int i = 0; i < slots.length; i++) {
            tokens[slots[i]] = actual[i][step - 1];
          }
          logits = cache.decode(new int[] {1, 3, 5, 7}, tokens, scope);
          for (int i = 0; i < slots.length; i++) {
            actual[i][step] = (int) logits.get(slots[i]).argMax().getLong();
          }
        }
      }

      assertThat(actual).isDeepEqualTo(expected);
    }
  }

  private static PrefixTree tree(Goldens goldens, VlmProcessor processor) {
    var groups = new ArrayList<PrefixTree.Group>();
    for (JsonNode goldenCase : goldens.cases()) {
      List<int[]> branches =
          goldens
              .loss()
              .path("rows")
              .valueStream()
              .filter(row -> row.path("case").equals(goldenCase.path("name")))
              .map(row -> Goldens.ints(row.path("tokens")))
              .toList();
      groups.add(new PrefixTree.Group(prompt(processor, goldenCase), branches));
    }
    return new PrefixTree(groups);
  }

  private static EncodedPrompt prompt(VlmProcessor processor, JsonNode goldenCase) {
    return processor.encode(
        goldenCase.path("text").asText(),
        goldenCase
            .path("images")
            .valueStream()
            .map(name -> ImageDecoder.read(Goldens.ROOT.resolve("images").resolve(name.asText())))
            .toList());
  }

  private static void assertRow(NDArray actual, int row, int length, float[] expected) {
    float[] values = Arrays.copyOf(actual.get(row).toFloatArray(), length);
    assertThat(values).hasSameSizeAs(expected);
    for (int i = 0; i < length; i++) {
      assertThat(Math.abs((double) values[i] - expected[i]))
          .as("row %d, token %d", row, i)
          .isLessThan(2e-5);
    }
  }

  private static float[] ones(int count, int length) {
    float[] values = new float[length];
    Arrays.fill(values, 0, count, 1);
    return values;
  }
}
