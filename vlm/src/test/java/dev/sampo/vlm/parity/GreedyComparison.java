package dev.sampo.vlm.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.GenerationCache;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.VisionLanguageModel;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Greedy tokens of each prompt alone, and of all prompts of a folder generated together. */
final class GreedyComparison implements Comparison {

  @Override
  public void run(Goldens goldens, Report report) {
    List<JsonNode> cases = goldens.cases();
    List<EncodedPrompt> prompts = cases.stream().map(goldens::prompt).toList();
    int[][] expected =
        cases.stream().map(c -> Goldens.ints(c.path("greedy"))).toArray(int[][]::new);
    try (VisionLanguageModel model = Models.load(goldens);
        NDManager scope = Models.newScope()) {
      int[][] together = generate(model, prompts, expected[0].length, scope);
      for (int i = 0; i < expected.length; i++) {
        String name = Goldens.name(cases.get(i));
        int[] alone = generate(model, List.of(prompts.get(i)), expected[i].length, scope)[0];
        report.equal(name, "greedy-tokens", alone, expected[i]);
        report.equal(name, "greedy-tokens-in-a-batch", together[i], expected[i]);
      }
    }
  }

  /** One row of tokens per prompt; prompts lie in reverse order in the cache. */
  private static int[][] generate(
      VisionLanguageModel model, List<EncodedPrompt> prompts, int steps, NDManager scope) {
    int count = prompts.size();
    int longest = prompts.stream().mapToInt(EncodedPrompt::length).max().orElseThrow();
    int[] slots = IntStream.range(0, count).map(i -> count - 1 - i).toArray();
    var tokens = new int[count][steps];
    try (GenerationCache cache =
        model.newCache(new GenerationCache.Capacity(count, 1, longest, steps))) {
      NDArray logits = cache.prefill(prompts, slots, scope); // [prompts, V]
      for (int i = 0; i < count; i++) {
        tokens[i][0] = best(logits, i);
      }
      int[] rows = IntStream.range(0, count).toArray();
      for (int step = 1; step < steps; step++) {
        int before = step - 1;
        int[] last = Arrays.stream(slots).map(slot -> tokens[slot][before]).toArray();
        logits = cache.decode(rows, last, scope); // [rows, V]
        for (int row = 0; row < count; row++) {
          tokens[slots[row]][step] = best(logits, row);
        }
      }
    }
    return tokens;
  }

  private static int best(NDArray logits, int row) {
    return (int) logits.get(row).argMax().getLong();
  }
}
