package dev.sampo.learner.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.learner.Groups;
import dev.sampo.learner.LearnerException;
import dev.sampo.learner.advantage.Advantages;
import dev.sampo.learner.objective.Aggregation;
import dev.sampo.learner.objective.AggregationKind;
import dev.sampo.learner.objective.LossScale;
import dev.sampo.learner.objective.ObjectivePreset;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.vlm.EncodedPrompt;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingBatchTest {
  private static final Advantages ADVANTAGES = ObjectivePreset.GRPO.settings().advantages(Map.of());

  @Test
  void groupsArePackedInOrderAndAnOversizedOneStandsAlone() {
    // Sizes in a tree: 2 + 2 * longest completion.
    List<ScoredGroup> groups = List.of(group(0, 2), group(1, 2), group(2, 20), group(3, 2));

    TrainingBatch batch = TrainingBatch.pack(groups, ADVANTAGES, 0, 12);

    assertThat(batch.packing()).containsExactly(2, 1, 1);
    assertThat(microBatches(batch).stream().map(MicroBatch::ids))
        .containsExactly(
            List.of(new GroupId(0), new GroupId(1)),
            List.of(new GroupId(2)),
            List.of(new GroupId(3)));
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void packingKeepsEveryItemAndItsBudget(long seed) {
    Random random = new Random(seed);
    List<Long> sizes = random.longs(50, 1, 40).boxed().toList();

    List<Integer> packing = TokenBudget.pack(sizes, 60);

    assertThat(packing.stream().mapToInt(n -> n).sum()).isEqualTo(50);
    int from = 0;
    for (int count : packing) {
      long tokens = sizes.subList(from, from + count).stream().mapToLong(n -> n).sum();
      assertThat(tokens).isLessThanOrEqualTo(60);
      from += count;
    }
  }

  @Test
  void completionsWithoutScoreCountInNoDenominatorAndHaveNoRow() {
    ScoredGroup group =
        Groups.scored(
            0,
            new int[] {1, 2},
            List.of(new int[] {1, 2, 3}, new int[] {4}, new int[] {5, 6}),
            List.of(new float[] {-1, -2, -3}, new float[] {-4}, new float[] {-5, -6}),
            1,
            Double.NaN,
            0);
    TrainingBatch batch = TrainingBatch.pack(List.of(group), ADVANTAGES, 0, 100);

    LossScale scale =
        batch.updates().getFirst().scale(Aggregation.of(AggregationKind.SEQUENCE_MEAN));
    MicroBatch.Rows rows = microBatches(batch).getFirst().rows(scale, Groups.version(0));

    assertThat(scale.numRows()).isEqualTo(2);
    assertThat(scale.numTokens()).isEqualTo(5);
    assertThat(rows.numRows()).isEqualTo(2);
    assertThat(rows.live()).containsExactly(true, true, true, true, true, false);
    assertThat(rows.behaviour()).containsExactly(-1, -2, -3, -5, -6, 0);
    assertThat(rows.weights()).containsExactly(1f / 6, 1f / 4);
    assertThat(rows.sameVersion()).containsExactly(true, true, true, true, true, false);
  }

  @Test
  void aPromptThatEncodesToOtherTokensIsRefused() {
    MicroBatch batch =
        microBatches(TrainingBatch.pack(List.of(group(4, 2)), ADVANTAGES, 0, 100)).getFirst();
    PromptEncoder other =
        prompt -> {
          EncodedPrompt encoded = Groups.encode(prompt);
          encoded.tokenIds()[0] = 7;
          return encoded;
        };

    assertThatThrownBy(() -> batch.tree(other))
        .isInstanceOf(LearnerException.class)
        .hasMessageContaining("group 4");
  }

  @Test
  void aRecordedPackingMustCoverTheGroups() {
    List<ScoredGroup> groups = List.of(group(0, 2), group(1, 2));

    assertThatThrownBy(() -> TrainingBatch.of(groups, ADVANTAGES, 0, List.of(1)))
        .hasMessageContaining("[1] does not divide what is trained on of 2 groups");
  }

  private static List<MicroBatch> microBatches(TrainingBatch batch) {
    return batch.updates().stream().flatMap(update -> update.microBatches().stream()).toList();
  }

  private static ScoredGroup group(long id, int length) {
    int[] tokens = new int[length];
    float[] logProbs = new float[length];
    IntStream.range(0, length).forEach(t -> logProbs[t] = -1);
    return Groups.scored(
        id, new int[] {1, 2}, List.of(tokens, tokens), List.of(logProbs, logProbs), 0, 1);
  }
}
