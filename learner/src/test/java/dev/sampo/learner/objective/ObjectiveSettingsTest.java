package dev.sampo.learner.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.learner.advantage.AdvantageScale;
import dev.sampo.learner.advantage.AdvantageSettings;
import dev.sampo.learner.advantage.Baseline;
import dev.sampo.learner.advantage.Deviation;
import dev.sampo.learner.advantage.GroupFilter;
import dev.sampo.learner.advantage.OverlongPenalty;
import dev.sampo.learner.advantage.RewardCombination;
import dev.sampo.learner.advantage.SingletonGroup;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ObjectiveSettingsTest {
  private static final ObjectiveSettings GRPO = ObjectivePreset.GRPO.settings();

  @Test
  void grpoPrintsItsFormulaWithItsConstants() {
    assertThat(GRPO.formula())
        .isEqualTo(
            """
            loss = mean over completions(mean over tokens(term + 0.04 kl))
            term = -min(r A, clip(r, 0.8, 1.2) A)
            r    = exp(p - u), u: the policy that sampled the token
            kl   = exp(q - p) - (q - p) - 1, q: the reference
            A    = (reward - mean of the group) / (std of the group + 1e-4), std over n - 1
            exponents stop at 20\
            """);
  }

  @Test
  void rlooPrintsTheDivergenceThatItsRewardsLose() {
    assertThat(ObjectivePreset.RLOO.settings().withKl(inReward(false)).formula())
        .isEqualTo(
            """
            loss = mean over all tokens of the update(term)
            term = -min(r A, clip(r, 0.8, 1.2) A)
            r    = exp(p - u), u: the policy that sampled the token
            kl   = u - q, u: the policy that sampled the token, q: the reference
            A    = reward - mean of the others
            reward: minus 0.1 sum over tokens(kl), after groups are left out
            exponents stop at 20\
            """);
  }

  /** A group of equal rewards would get advantages of reward / epsilon. */
  @ParameterizedTest
  @EnumSource(
      value = AdvantageScale.class,
      names = {"GROUP_STD", "BATCH_STD", "BATCH_CENTRED_STD"})
  void aDeviationOfEqualRewardsNeedsABaseline(AdvantageScale scale) {
    assertThatThrownBy(() -> AdvantageSettings.of(Baseline.NONE, scale))
        .hasMessageStartingWith("scale must be none or token-whitening where baseline is none");
    assertThat(AdvantageSettings.of(Baseline.NONE, AdvantageScale.TOKEN_WHITENING).scale())
        .isEqualTo(AdvantageScale.TOKEN_WHITENING);
  }

  @Test
  void whatIsSwitchedOnWithoutEffectIsRefused() {
    OptionalDouble none = OptionalDouble.empty();

    assertThatThrownBy(
            () -> new Aggregation(AggregationKind.TOKEN_MEAN, false, OptionalInt.empty()))
        .hasMessageStartingWith("count-empty must be true where kind is token-mean");
    assertThatThrownBy(() -> new OverlongPenalty(0, 1, OptionalInt.empty(), false))
        .hasMessageStartingWith("bounded must be true where buffer is 0");
    assertThatThrownBy(() -> new OverlongPenalty(0, 1, OptionalInt.of(9), true))
        .hasMessageStartingWith("longest must be left out where buffer is 0");
    assertThatThrownBy(() -> new GroupFilter(OptionalDouble.of(Double.NaN), none, none, false))
        .hasMessage("min-std must be >= 0, got NaN");
    assertThatThrownBy(
            () -> new GroupFilter(none, none, OptionalDouble.of(Double.POSITIVE_INFINITY), false))
        .hasMessage("max-mean must be a finite number, got Infinity");
  }

  @Test
  void constantsThatDecideStandInTheFormula() {
    ObjectiveSettings settings =
        GRPO.withAggregation(
                new Aggregation(AggregationKind.SEQUENCE_MEAN, false, OptionalInt.empty()))
            .withEntropy(new EntropySettings(0, 0.2))
            .withAdvantage(
                AdvantageSettings.of(Baseline.LEAVE_ONE_OUT, AdvantageScale.LEAVE_ONE_OUT_STD));

    assertThat(settings.formula())
        .contains(
            "with live tokens(sum over tokens([H in top 20 % before the updates] term + 0.04 kl) /"
                + " (tokens + 1e-8))")
        .contains(
            "A    = (reward - mean of the others) / (std of the others + 1e-4) where that std is"
                + " above 0, else reward - mean of the others");
  }

  @Test
  void aDivergenceWithoutEffectOrGradientIsRefused() {
    OptionalDouble none = OptionalDouble.empty();

    assertThatThrownBy(() -> inReward(true))
        .hasMessage(
            "times-ratio must be false where place is reward: it has no gradient there,"
                + " got true");
    assertThatThrownBy(() -> new KlSettings(KlEstimator.K3, 0, KlPlace.REWARD, false, none, false))
        .hasMessageStartingWith("place must be loss where beta is 0");
    assertThatThrownBy(() -> new KlSettings(KlEstimator.K3, 0, KlPlace.LOSS, true, none, false))
        .hasMessageStartingWith("times-ratio must be false where beta is 0");
    assertThatThrownBy(() ->
            new KlSettings(KlEstimator.K3, 0, KlPlace.LOSS, false, OptionalDouble.of(10), false))
        .hasMessageStartingWith("limit must be left out where beta is 0");
    assertThatThrownBy(() ->
            GRPO.withAdvantage(
                    new AdvantageSettings(
                        Baseline.GROUP_MEAN,
                        AdvantageScale.GROUP_STD,
                        Deviation.UNBIASED,
                        1e-4,
                        RewardCombination.NORMALISE_FIRST,
                        SingletonGroup.ZERO))
                .withKl(inReward(false)))
        .hasMessageStartingWith("kl must be with place = loss where advantage.rewards is");
  }

  private static KlSettings inReward(boolean timesRatio) {
    return new KlSettings(
        KlEstimator.K1, 0.1, KlPlace.REWARD, timesRatio, OptionalDouble.empty(), false);
  }

  @Test
  void decoupledPrintsItsWeights() {
    assertThat(ObjectivePreset.DECOUPLED.settings().formula())
        .contains("r    = exp(p - o)")
        .contains("w    = exp(o - u), 0 outside [0, 5]");
  }

  @ParameterizedTest
  @EnumSource(ObjectivePreset.class)
  void everyPresetSaysItsName(ObjectivePreset preset) {
    assertThat(preset.settings().preset()).isEqualTo(preset);
    assertThat(preset.settings().formula()).startsWith("loss = ").contains("\nA    = ");
  }

  @Test
  void combinationsThatMeanNothingAreRefused() {
    MismatchWeights weights =
        new MismatchWeights(
            MismatchLevel.TOKEN, MismatchAction.TRUNCATE, WeightBounds.upTo(2), false);

    assertThatThrownBy(() -> GRPO.withMismatch(weights))
        .hasMessageStartingWith("anchor must be old where mismatch.level is not none")
        .hasMessageEndingWith("got behaviour");
    assertThatThrownBy(() -> ObjectivePreset.CISPO.settings().withMismatch(weights))
        .hasMessageContaining("anchor must be old");
    assertThatThrownBy(() ->
            ObjectivePreset.CISPO.settings().withRatio(RatioAnchor.BEHAVIOUR, RatioLevel.SEQUENCE))
        .hasMessageContaining("ratio must be token where surrogate is cispo, got sequence");
    assertThatThrownBy(() ->
            GRPO.withClip(new ClipSettings(0.2, 0.2, OptionalDouble.of(4), OptionalDouble.empty()))
                .withSurrogate(Surrogate.UNCLIPPED))
        .hasMessageContaining("surrogate must be clip where clip.delta or clip.dual is set");
    assertThatThrownBy(
            () -> AdvantageSettings.of(Baseline.GROUP_MEAN, AdvantageScale.LEAVE_ONE_OUT_STD))
        .hasMessage(
            "baseline must be leave-one-out where scale is leave-one-out-std, got group-mean");
    assertThatThrownBy(() -> AdvantageSettings.of(Baseline.NONE, AdvantageScale.LEAVE_ONE_OUT_STD))
        .hasMessageEndingWith("got leave-one-out-std");
    assertThatThrownBy(
            () -> new ClipSettings(0.2, 0.3, OptionalDouble.of(1.3), OptionalDouble.empty()))
        .hasMessage("delta must be > 1 + high (1.3), got 1.3");
  }
}
