package dev.sampo.losses;

import dev.sampo.learner.objective.ClipSettings;
import dev.sampo.learner.objective.KlSettings;
import dev.sampo.learner.objective.LossScale;
import dev.sampo.learner.objective.ObjectivePreset;
import dev.sampo.learner.objective.ObjectiveSettings;
import dev.sampo.learner.objective.RatioAnchor;
import dev.sampo.learner.objective.RatioLevel;
import java.util.stream.IntStream;

/** Cases of VLM-R1's trainer, against the preset that bears its formula. */
final class TrainerCases {
  private TrainerCases() {}

  static void checkAdvantage(CaseLine line, Fields inputs, Fields expected, Comparison comparison) {
    AdvantageCases.checkTrainer(inputs, expected.vector(CaseLine.VALUE), comparison);
  }

  static void checkLoss(CaseLine line, Fields inputs, Fields expected, Comparison comparison) {
    ObjectiveSettings settings =
        ObjectivePreset.GRPO
            .settings()
            .withRatio(RatioAnchor.OLD, RatioLevel.TOKEN)
            .withClip(
                ClipSettings.between(inputs.number("epsilon_low"), inputs.number("epsilon_high")))
            .withKl(KlSettings.k3(inputs.number("beta")));
    double[][] mask = inputs.mask("completion_mask");
    double[][] zeros = new double[mask.length][mask[0].length];
    Tokens tokens =
        new Tokens(
            inputs.matrix("per_token_logps"),
            inputs.oneOf("old_per_token_logps").map(inputs::matrix),
            zeros,
            inputs.oneOf("ref_per_token_logps").map(inputs::matrix),
            mask,
            Tokens.column(inputs.vector("advantages")),
            zeros,
            new int[mask.length]);
    LossScale scale = LossInputs.scale(settings.aggregation(), tokens, tokens.live());
    int[] all = IntStream.range(0, tokens.numRows()).toArray();
    Evaluation evaluation =
        Evaluation.of(settings, tokens, all, scale, scale, comparison.precision());

    comparison.check("loss", evaluation.loss(), expected.number("loss"));
    comparison.check(
        "clip_ratio",
        evaluation.metrics().getOrDefault("clip_ratio/region_mean", Double.NaN),
        expected.number("clip_ratio"));
    if (expected.has("mean_kl")) {
      comparison.check(
          "mean_kl",
          evaluation.metrics().getOrDefault("kl_sequence_mean", Double.NaN),
          expected.number("mean_kl"));
    }
    tokens.refuseMissBeyondLimit(comparison);
  }
}
