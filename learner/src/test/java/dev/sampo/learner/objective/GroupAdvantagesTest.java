package dev.sampo.learner.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GroupAdvantagesTest {
  private static final GroupAdvantages NORMALISED =
      new GroupAdvantages(AdvantageKind.GROUP_NORMALISED);

  static Stream<LossCase> singleReward() {
    return LossCase.withPrefix("advantage/").filter(c -> c.inputs().has("rewards"));
  }

  @ParameterizedTest
  @MethodSource("singleReward")
  void matchesTheReference(LossCase c) {
    GroupAdvantages advantages =
        c.inputs().has("eps")
            ? new GroupAdvantages(AdvantageKind.GROUP_NORMALISED, c.inputs().get("eps").asDouble())
            : new GroupAdvantages(AdvantageKind.MEAN_ONLY);
    List<OptionalDouble> rewards = optional(c.inputs().get("rewards"));

    double[] actual = byGroup(advantages, rewards, c.inputs().get("num_generations").asInt());

    assertThat(actual)
        .containsExactly(LossCase.vector(c.expected().get("advantages")), within(1e-9));
  }

  @Test
  void aCompletionWithoutScoreIsLeftOut() {
    LossCase c = LossCase.named("advantage/multi_reward/sum_then_normalize_with_none/trl");
    List<OptionalDouble> totals = optional(c.expected().get("reward"));

    double[] actual = byGroup(NORMALISED, totals, c.inputs().get("num_generations").asInt());

    assertThat(totals.get(4)).isEmpty();
    assertThat(actual)
        .containsExactly(LossCase.vector(c.expected().get("advantages")), within(1e-9));
  }

  @Test
  void equalScoresGiveExactlyZeroDespiteRounding() {
    GroupAdvantages.Result result = NORMALISED.of(scores(0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1));

    assertThat(result.values()).containsOnly(0.0);
    assertThat(result.hasZeroVariance()).isTrue();
  }

  @Test
  void aLoneScoreGivesZero() {
    List<OptionalDouble> scores = List.of(OptionalDouble.of(3), OptionalDouble.empty());

    GroupAdvantages.Result result = NORMALISED.of(scores);

    assertThat(result.values()).containsExactly(0, 0);
    assertThat(result.numScored()).isEqualTo(1);
    assertThat(result.mean()).isEqualTo(3);
  }

  @Test
  void noScoreAtAllGivesZero() {
    assertThat(NORMALISED.of(List.of(OptionalDouble.empty(), OptionalDouble.empty())).values())
        .containsOnly(0.0);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void advantagesSumToZeroAndIgnoreAShiftOfTheScores(long seed) {
    Random random = new Random(seed);
    double[] scores = random.doubles(2 + random.nextInt(15)).toArray();
    double[] shifted = Arrays.stream(scores).map(r -> r + 5).toArray();

    double[] advantages = NORMALISED.of(scores(scores)).values();

    assertThat(Arrays.stream(advantages).sum()).isCloseTo(0, within(1e-9));
    assertThat(NORMALISED.of(scores(shifted)).values()).containsExactly(advantages, within(1e-9));
  }

  private static double[] byGroup(GroupAdvantages kind, List<OptionalDouble> all, int size) {
    List<Double> values = new ArrayList<>();
    for (int from = 0; from < all.size(); from += size) {
      for (double value : kind.of(all.subList(from, from + size)).values()) {
        values.add(value);
      }
    }
    return values.stream().mapToDouble(v -> v).toArray();
  }

  private static List<OptionalDouble> scores(double... values) {
    return DoubleStream.of(values).mapToObj(OptionalDouble::of).toList();
  }

  private static List<OptionalDouble> optional(JsonNode node) {
    List<OptionalDouble> values = new ArrayList<>();
    node.forEach(
        v -> values.add(v.isNull() ? OptionalDouble.empty() : OptionalDouble.of(v.asDouble())));
    return values;
  }
}
