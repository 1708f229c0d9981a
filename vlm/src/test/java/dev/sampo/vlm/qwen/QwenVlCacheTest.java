package dev.sampo.vlm.qwen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.GenerationCache;
import dev.sampo.vlm.GenerationCache.Capacity;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.PrefixTree.Group;
import dev.sampo.vlm.VisionLanguageModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What generation computes step by step is what scoring computes at once. */
class QwenVlCacheTest {
  private static final int GROUP = 2;

  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(5);
  private final VisionLanguageModel model = TinyModels.model();
  private final NDManager scope = TinyModels.newScope();

  @AfterEach
  void close() {
    scope.close();
    model.close();
  }

  /** A group that is being generated: forced tokens, and the log-probs met on the way. */
  private final class Running {
    private final Group group;
    private final int slot;
    private final List<List<Double>> logProbs =
        IntStream.range(0, GROUP).mapToObj(row -> (List<Double>) new ArrayList<Double>()).toList();

    Running(Group group, int slot) {
      this.group = group;
      this.slot = slot;
    }

    private int row(int branch) {
      return slot * GROUP + branch;
    }

    private boolean wantsToken(int branch) {
      return logProbs.get(branch).size() < group.branches().get(branch).length;
    }

    private int nextToken(int branch) {
      return group.branches().get(branch)[logProbs.get(branch).size() - 1];
    }

    private void see(int branch, NDArray logits) {
      int token = group.branches().get(branch)[logProbs.get(branch).size()];
      logProbs.get(branch).add((double) logits.logSoftmax(0).getFloat(token));
    }

    private void compareWithScores() {
      NDArray expected = model.score(new PrefixTree(List.of(group)), 1, scope).logProbs();
      for (int branch = 0; branch < GROUP; branch++) {
        assertThat(logProbs.get(branch)).hasSize(group.branches().get(branch).length);
        for (int i = 0; i < logProbs.get(branch).size(); i++) {
          assertThat(logProbs.get(branch).get(i))
              .isCloseTo(expected.getFloat(branch, i), within(1e-5));
        }
      }
    }
  }

  /** With 3 slots all rows are in view; with 9 the few in use are gathered. */
  @ParameterizedTest
  @ValueSource(ints = {3, 9})
  void groupsThatComeAndGoAreGeneratedAsTheyAreScored(int numSlots) {
    var waiting = new ArrayList<Group>();
    for (int i = 0; i < 7; i++) {
      waiting.add(group(i));
    }
    int[] slots = {numSlots - 1, 0, numSlots / 2};
    var free = new ArrayList<Integer>(IntStream.of(slots).boxed().toList());
    var running = new ArrayList<Running>();
    var finished = new ArrayList<Running>();

    try (GenerationCache cache = model.newCache(new Capacity(numSlots, GROUP, 40, 9))) {
      while (finished.size() < 7) {
        while (!free.isEmpty() && !waiting.isEmpty()) {
          running.add(start(cache, waiting.removeLast(), free.removeLast()));
        }
        step(cache, running);
        for (Running group : List.copyOf(running)) {
          if (IntStream.range(0, GROUP).noneMatch(group::wantsToken)) {
            running.remove(group);
            finished.add(group);
            free.add(group.slot);
          }
        }
      }
    }

    finished.forEach(Running::compareWithScores);
  }

  private Running start(GenerationCache cache, Group group, int slot) {
    var running = new Running(group, slot);
    NDArray logits = cache.prefill(List.of(group.prompt()), new int[] {slot}, scope);
    for (int branch = 0; branch < GROUP; branch++) {
      running.see(branch, logits.get(0));
    }
    return running;
  }

  private void step(GenerationCache cache, List<Running> running) {
    record Turn(Running group, int branch) {
      int row() {
        return group.row(branch);
      }
    }
    Turn[] turns =
        running.stream()
            .flatMap(group ->
                IntStream.range(0, GROUP)
                    .filter(group::wantsToken)
                    .mapToObj(branch -> new Turn(group, branch)))
            .sorted(Comparator.comparingInt(Turn::row))
            .toArray(Turn[]::new);
    if (turns.length == 0) {
      return;
    }
    NDArray logits =
        cache.decode(
            Arrays.stream(turns).mapToInt(Turn::row).toArray(),
            Arrays.stream(turns).mapToInt(turn -> turn.group.nextToken(turn.branch)).toArray(),
            scope);
    for (int i = 0; i < turns.length; i++) {
      turns[i].group.see(turns[i].branch, logits.get(i));
    }
  }

  /** Groups of unequal prompts and branches, with and without images. */
  private Group group(int i) {
    var images =
        i % 3 == 0
            ? List.<ImagePatches>of()
            : List.of(TinyModels.image(random, 4 + 2 * (i % 4), 6));
    EncodedPrompt prompt = TinyModels.prompt(random, images, 3 + i);
    return new Group(
        prompt,
        List.of(TinyModels.tokens(random, 2 + i), TinyModels.tokens(random, 1 + (5 * i) % 8)));
  }

  @Test
  void promptsPrefilledTogetherGetTheirOwnLogits() {
    List<EncodedPrompt> prompts = IntStream.range(0, 3).mapToObj(i -> group(i).prompt()).toList();
    try (GenerationCache cache = model.newCache(new Capacity(3, GROUP, 40, 4))) {

      NDArray together = cache.prefill(prompts, new int[] {2, 0, 1}, scope);

      for (int i = 0; i < 3; i++) {
        NDArray alone = cache.prefill(List.of(prompts.get(i)), new int[] {0}, scope);
        assertThat(together.get(i).sub(alone.get(0)).abs().max().getFloat()).isLessThan(1e-5f);
      }
    }
  }

  @Test
  void newWeightsCountFromTheNextToken() {
    Group group = group(1);
    try (GenerationCache cache = model.newCache(new Capacity(1, GROUP, 40, 4))) {
      cache.prefill(List.of(group.prompt()), new int[] {0}, scope);
      NDArray before = cache.decode(new int[] {0}, new int[] {3}, scope);

      TinyModels.parameter(model, "lm_head.weight").muli(2);
      NDArray after = cache.decode(new int[] {1}, new int[] {3}, scope);

      assertThat(after.sub(before.mul(2f)).abs().max().getFloat()).isLessThan(1e-5f);
    }
  }

  @Test
  void fullRowsEmptySlotsAndUnorderedRowsAreRejected() {
    Group group = group(1);
    try (GenerationCache cache = model.newCache(new Capacity(2, GROUP, 40, 1))) {
      cache.prefill(List.of(group.prompt()), new int[] {0}, scope);
      cache.decode(new int[] {1}, new int[] {3}, scope);

      assertThatThrownBy(() -> cache.decode(new int[] {1}, new int[] {3}, scope))
          .hasMessage("row 1 is full: the cache holds 1 tokens");
      assertThatThrownBy(() -> cache.decode(new int[] {2}, new int[] {3}, scope))
          .hasMessage("row 2 belongs to a slot without a prompt");
      assertThatThrownBy(() -> cache.decode(new int[] {0, 0}, new int[] {3, 3}, scope))
          .hasMessage("rows must be ascending in [0, 4), got 0 after 0");
    }
  }
}
