package dev.sampo.learner.advantage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdvantagesTest {
  private static final GroupFilter WITHOUT_EQUAL_SCORES =
      new GroupFilter(OptionalDouble.of(0), OptionalDouble.empty(), OptionalDouble.empty(), false);
  private static final AdvantageSettings GRPO = AdvantageSettings.groupNormalised();

  @Test
  void equalScoresGiveExactlyZeroDespiteRounding() {
    GroupAdvantages result = of(GRPO, GroupFilter.NONE, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1);

    assertThat(result.values()).containsOnly(0.0);
    assertThat(result.hasZeroVariance()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(AdvantageScale.class)
  void aCompletionWithoutScoreIsOutAndChangesNothingForTheOthers(AdvantageScale scale) {
    AdvantageSettings settings = AdvantageSettings.of(Baseline.LEAVE_ONE_OUT, scale);

    GroupAdvantages with = of(settings, GroupFilter.NONE, 1, Double.NaN, 0, 0.5);
    GroupAdvantages without = of(settings, GroupFilter.NONE, 1, 0, 0.5);

    assertThat(with.uses())
        .containsExactly(
            CompletionUse.LIVE, CompletionUse.OUT, CompletionUse.LIVE, CompletionUse.LIVE);
    assertThat(with.values()[1]).isZero();
    assertThat(new double[] {with.values()[0], with.values()[2], with.values()[3]})
        .containsExactly(without.values());
  }

  @Test
  void aLoneScoreSaysNothingUnlessItIsTakenRaw() {
    AdvantageSettings raw =
        new AdvantageSettings(
            Baseline.LEAVE_ONE_OUT,
            AdvantageScale.NONE,
            Deviation.UNBIASED,
            1e-4,
            RewardCombination.SUM,
            SingletonGroup.RAW);

    assertThat(of(GRPO, GroupFilter.NONE, 3, Double.NaN).values()).containsExactly(0, 0);
    assertThat(of(raw, GroupFilter.NONE, 3, Double.NaN).values()).containsExactly(3, 0);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void advantagesSumToZeroAndIgnoreAShiftOfTheScores(long seed) {
    Random random = new Random(seed);
    double[] scores = random.doubles(2 + random.nextInt(15)).toArray();
    double[] shifted = Arrays.stream(scores).map(r -> r + 5).toArray();

    double[] advantages = of(GRPO, GroupFilter.NONE, scores).values();

    assertThat(Arrays.stream(advantages).sum()).isCloseTo(0, within(1e-9));
    assertThat(of(GRPO, GroupFilter.NONE, shifted).values())
        .containsExactly(advantages, within(1e-9));
  }

  @Test
  void groupsAreLeftOutForTheirReason() {
    GroupFilter filter =
        new GroupFilter(
            OptionalDouble.of(0), OptionalDouble.of(0.1), OptionalDouble.of(0.9), false);

    assertThat(of(GRPO, filter, 1, 1).leftOut()).contains(LeftOut.ZERO_VARIANCE);
    assertThat(of(GRPO, filter, 0, 0.1).leftOut()).contains(LeftOut.MEAN_TOO_LOW);
    assertThat(of(GRPO, filter, 1, 0.9).leftOut()).contains(LeftOut.MEAN_TOO_HIGH);
    assertThat(of(GRPO, filter, 0, 1).leftOut()).isEmpty();
    assertThat(of(GRPO, filter, 1, 1).uses()).containsOnly(CompletionUse.OUT);
  }

  @Test
  void aGroupThatIsLeftOutDoesNotMoveTheDeviationOfTheBatch() {
    AdvantageSettings batch = AdvantageSettings.of(Baseline.GROUP_MEAN, AdvantageScale.BATCH_STD);
    List<CompletionOutcome> used = outcomes(0, 1);
    List<CompletionOutcome> dull = outcomes(7, 7);

    double[] alone =
        advantages(batch, WITHOUT_EQUAL_SCORES).of(List.of(used), 9).getFirst().values();
    double[] both =
        advantages(batch, WITHOUT_EQUAL_SCORES).of(List.of(used, dull), 9).getFirst().values();

    assertThat(both).containsExactly(alone);
  }

  @Test
  void aTruncatedCompletionCountsInItsGroupAndIsNotTrainedOn() {
    GroupFilter filter =
        new GroupFilter(
            OptionalDouble.empty(), OptionalDouble.empty(), OptionalDouble.empty(), true);
    List<CompletionOutcome> group =
        List.of(
            new CompletionOutcome(OptionalDouble.of(1), Map.of(), 4, false),
            new CompletionOutcome(OptionalDouble.of(0), Map.of(), 9, true));

    GroupAdvantages result = advantages(GRPO, filter).of(List.of(group), 9).getFirst();

    assertThat(result.uses()).containsExactly(CompletionUse.LIVE, CompletionUse.MASKED);
    assertThat(result.mean()).isEqualTo(0.5);
  }

  @Test
  void aLongCompletionLosesOfItsScoreBeforeTheBaseline() {
    OverlongPenalty penalty = new OverlongPenalty(4, 1, OptionalInt.empty(), true);
    Advantages advantages =
        new Advantages(
            AdvantageSettings.of(Baseline.GROUP_MEAN, AdvantageScale.NONE),
            GroupFilter.NONE,
            penalty,
            Map.of());
    List<CompletionOutcome> group =
        List.of(
            new CompletionOutcome(OptionalDouble.of(1), Map.of(), 6, false),
            new CompletionOutcome(OptionalDouble.of(1), Map.of(), 8, false));

    double[] values = advantages.of(List.of(group), 10).getFirst().values();

    assertThat(values).containsExactly(0.25, -0.25);
  }

  @Test
  void aRewardWithoutAWeightIsNamed() {
    AdvantageSettings first =
        new AdvantageSettings(
            Baseline.GROUP_MEAN,
            AdvantageScale.GROUP_STD,
            Deviation.UNBIASED,
            1e-4,
            RewardCombination.NORMALISE_FIRST,
            SingletonGroup.ZERO);
    List<CompletionOutcome> group =
        List.of(
            new CompletionOutcome(OptionalDouble.of(1), Map.of("iou", 1.0), 1, false),
            new CompletionOutcome(OptionalDouble.of(0), Map.of("iou", 0.0), 1, false));

    assertThatThrownBy(() -> advantages(first, GroupFilter.NONE).of(List.of(group), 9))
        .hasMessageContaining("reward iou has no weight");
  }

  private static GroupAdvantages of(
      AdvantageSettings settings, GroupFilter filter, double... scores) {
    return advantages(settings, filter).of(List.of(outcomes(scores)), 9).getFirst();
  }

  private static Advantages advantages(AdvantageSettings settings, GroupFilter filter) {
    return new Advantages(settings, filter, OverlongPenalty.NONE, Map.of());
  }

  /** NaN stands for no score. */
  private static List<CompletionOutcome> outcomes(double... scores) {
    return DoubleStream.of(scores)
        .mapToObj(score ->
            new CompletionOutcome(
                Double.isNaN(score) ? OptionalDouble.empty() : OptionalDouble.of(score),
                Map.of(),
                1,
                false))
        .toList();
  }
}
