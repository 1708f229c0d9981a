package dev.sampo.vlm.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.BranchScores;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.prompt.VlmProcessor;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * Log-probs and entropies of branches that share prompts, several prompts at once; and those of
 * long continuations, from the picture files on.
 */
final class ScoreComparison implements Comparison {

  @Override
  public void run(Goldens goldens, Report report) throws IOException {
    try (VisionLanguageModel model = Models.load(goldens);
        NDManager scope = Models.newScope()) {
      JsonNode rows = goldens.loss().path("rows");
      PrefixTree tree = Models.tree(goldens, rows);
      BranchScores plain = model.score(tree, 1, scope);
      BranchScores tempered =
          model.score(tree, goldens.loss().path("temperature").asDouble(), scope);
      for (int row = 0; row < rows.size(); row++) {
        String name = rows.path(row).path("case").asText() + "/row-" + row;
        compare(report, name, "log-probs", plain.logProbs(), row, goldens, "loss.log_probs.");
        compare(report, name, "entropies", plain.entropies(), row, goldens, "loss.entropies.");
        compare(report, name, "tempered", tempered.logProbs(), row, goldens, "loss.log_probs_t.");
      }
      for (JsonNode recorded : goldens.cases()) {
        String name = Goldens.name(recorded);
        float[] expected = goldens.tensor(name + ".probe.float32");
        float[] actual = probe(model, fromFiles(goldens, recorded), recorded, scope);
        report.close(name, "log-probs-from-files", actual, expected, Models.BOUND);
      }
    }
  }

  private static void compare(
      Report report,
      String where,
      String what,
      NDArray rows,
      int row,
      Goldens goldens,
      String recorded) {
    float[] expected = goldens.tensor(recorded + row);
    float[] actual = Arrays.copyOf(rows.get(row).toFloatArray(), expected.length);
    report.close(where, what, actual, expected, Models.BOUND);
  }

  private static EncodedPrompt fromFiles(Goldens goldens, JsonNode recorded) throws IOException {
    try (VlmProcessor processor =
        VlmProcessor.load(goldens.folder(), PromptComparison.limits(recorded))) {
      return PromptComparison.encode(goldens, recorded, processor);
    }
  }

  /** Log-probs of the recorded branch and the greedy tokens after it. */
  static float[] probe(
      VisionLanguageModel model, EncodedPrompt prompt, JsonNode recorded, NDManager scope) {
    int[] branch = Goldens.ints(recorded.path("branch"));
    int[] greedy = Goldens.ints(recorded.path("greedy"));
    int[] tokens = Arrays.copyOf(branch, branch.length + greedy.length);
    System.arraycopy(greedy, 0, tokens, branch.length, greedy.length);
    var tree = new PrefixTree(List.of(new PrefixTree.Group(prompt, List.of(tokens))));
    return model.score(tree, 1, scope).logProbs().toFloatArray();
  }
}
