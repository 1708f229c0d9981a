package dev.sampo.vlm.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.GenerationCache;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.VisionLanguageModel;
import java.util.List;

/** Logits after the prompt and after every token of a continuation, through the cache. */
final class LogitsComparison implements Comparison {

  @Override
  public void run(Goldens goldens, Report report) {
    try (VisionLanguageModel model = Models.load(goldens);
        NDManager scope = Models.newScope()) {
      for (JsonNode recorded : goldens.cases()) {
        String name = Goldens.name(recorded);
        int[] branch = Goldens.ints(recorded.path("branch"));
        float[] logits = logits(model, goldens.prompt(recorded), branch, scope);
        report.close(name, "logits", logits, goldens.tensor(name + ".logits"), Models.BOUND);
      }
    }
  }

  /** [1 + C, V] */
  static float[] logits(
      VisionLanguageModel model, EncodedPrompt prompt, int[] branch, NDManager scope) {
    int vocabulary = model.settings().vocabularySize();
    var logits = new float[(1 + branch.length) * vocabulary];
    var capacity = new GenerationCache.Capacity(1, 1, prompt.length(), branch.length);
    try (GenerationCache cache = model.newCache(capacity)) {
      copy(cache.prefill(List.of(prompt), new int[] {0}, scope), logits, 0);
      for (int i = 0; i < branch.length; i++) {
        NDArray next = cache.decode(new int[] {0}, new int[] {branch[i]}, scope);
        copy(next, logits, (i + 1) * vocabulary);
      }
    }
    return logits;
  }

  private static void copy(NDArray logits, float[] target, int at) {
    float[] values = logits.toFloatArray();
    System.arraycopy(values, 0, target, at, values.length);
  }
}
