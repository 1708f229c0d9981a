package dev.sampo.learner.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.learner.advantage.AdvantageScale;
import dev.sampo.learner.advantage.AdvantageSettings;
import dev.sampo.learner.advantage.Baseline;
import java.util.OptionalDouble;
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
            A    = (reward - mean of the group) / (std of the group + 1e-4), std over n - 1\
            """);
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
        .hasMessageContaining("leave-one-out");
    assertThatThrownBy(
            () -> new ClipSettings(0.2, 0.3, OptionalDouble.of(1.3), OptionalDouble.empty()))
        .hasMessage("delta must be > 1 + high (1.3), got 1.3");
  }
}
