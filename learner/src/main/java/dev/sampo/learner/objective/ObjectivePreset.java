package dev.sampo.learner.objective;

import dev.sampo.learner.advantage.AdvantageScale;
import dev.sampo.learner.advantage.AdvantageSettings;
import dev.sampo.learner.advantage.Baseline;
import dev.sampo.learner.advantage.GroupFilter;
import dev.sampo.learner.advantage.OverlongPenalty;
import dev.sampo.learner.option.OptionText;
import java.util.OptionalDouble;

/** Named starting points of the objective; any option of a run overrides them. */
public enum ObjectivePreset {
  /** GRPO as VLM-R1 has it (Shao et al. 2024, arXiv:2402.03300). */
  GRPO,
  /** No division by deviation or length, no reference (Liu et al. 2025, arXiv:2503.20783). */
  DR_GRPO,
  /**
   * Clip-higher, token mean, groups without signal and truncated completions left out (Yu et al.
   * 2025, arXiv:2503.14476).
   */
  DAPO,
  /** Ratio of the sequence (Zheng et al. 2025, arXiv:2507.18071). */
  GSPO,
  /** Clamped weights instead of clipped ratios (MiniMax-M1, arXiv:2506.13585). */
  CISPO,
  /** Leave-one-out baseline (Ahmadian et al. 2024, arXiv:2402.14740), clipped as in PPO. */
  RLOO,
  /**
   * Decoupled PPO: ratio to the old policy, weighted by how old and behaviour policy differ (AReaL,
   * arXiv:2505.24298).
   */
  DECOUPLED;

  private static final ClipSettings SYMMETRIC = ClipSettings.between(0.2, 0.2);

  /** The name in a configuration, like {@code dr-grpo}. */
  public String key() {
    return OptionText.of(this);
  }

  /** What the name stands for. */
  public ObjectiveSettings settings() {
    return switch (this) {
      case GRPO ->
          new ObjectiveSettings(
              GRPO,
              RatioAnchor.BEHAVIOUR,
              RatioLevel.TOKEN,
              Surrogate.CLIP,
              SYMMETRIC,
              WeightBounds.upTo(5),
              MismatchWeights.NONE,
              OptionalDouble.empty(),
              KlSettings.k3(0.04),
              EntropySettings.NONE,
              Aggregation.of(AggregationKind.SEQUENCE_MEAN),
              AdvantageSettings.groupNormalised(),
              GroupFilter.NONE,
              OverlongPenalty.NONE);
      case DR_GRPO ->
          on(DR_GRPO)
              .withAdvantage(AdvantageSettings.of(Baseline.GROUP_MEAN, AdvantageScale.NONE))
              .withAggregation(Aggregation.of(AggregationKind.FIXED_LENGTH));
      case DAPO ->
          on(DAPO)
              .withClip(ClipSettings.between(0.2, 0.28))
              .withAggregation(Aggregation.of(AggregationKind.TOKEN_MEAN))
              .withFilter(
                  new GroupFilter(
                      OptionalDouble.of(0), OptionalDouble.empty(), OptionalDouble.empty(), true));
      case GSPO ->
          on(GSPO)
              .withRatio(RatioAnchor.BEHAVIOUR, RatioLevel.SEQUENCE)
              .withClip(ClipSettings.between(3e-4, 4e-4));
      case CISPO ->
          on(CISPO)
              .withSurrogate(Surrogate.CISPO)
              .withAggregation(Aggregation.of(AggregationKind.TOKEN_MEAN));
      case RLOO ->
          on(RLOO)
              .withAdvantage(AdvantageSettings.of(Baseline.LEAVE_ONE_OUT, AdvantageScale.NONE))
              .withAggregation(Aggregation.of(AggregationKind.TOKEN_MEAN));
      case DECOUPLED ->
          on(DECOUPLED)
              .withRatio(RatioAnchor.OLD, RatioLevel.TOKEN)
              .withMismatch(
                  new MismatchWeights(
                      MismatchLevel.TOKEN, MismatchAction.MASK, WeightBounds.upTo(5), false))
              .withAggregation(Aggregation.of(AggregationKind.TOKEN_MEAN));
    };
  }

  /** GRPO without a reference model, under another name. */
  private static ObjectiveSettings on(ObjectivePreset preset) {
    return GRPO.settings().withPreset(preset).withKl(KlSettings.none());
  }
}
