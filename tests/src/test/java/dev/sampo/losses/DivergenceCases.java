package dev.sampo.losses;

import dev.sampo.learner.objective.Aggregation;
import dev.sampo.learner.objective.AggregationKind;
import dev.sampo.learner.objective.EntropySettings;
import dev.sampo.learner.objective.KlSettings;
import dev.sampo.learner.objective.LossScale;
import dev.sampo.learner.objective.ObjectivePreset;
import dev.sampo.learner.objective.ObjectiveSettings;
import dev.sampo.learner.objective.RatioAnchor;
import dev.sampo.learner.objective.RatioLevel;
import dev.sampo.learner.objective.Surrogate;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.stream.IntStream;

/** Cases about one part of the loss: divergence, entropy mask, mismatch of two policies. */
final class DivergenceCases {
  private static final Map<String, String> METRICS =
      Map.of(
          "mismatch_k1", "mismatch/k1",
          "mismatch_k3", "mismatch/k3",
          "abs_logp_diff_mean", "mismatch/mean_abs",
          "abs_logp_diff_max", "mismatch/max_abs",
          "ratio_mean", "off_policy/ratio_mean",
          "ratio_min", "off_policy/ratio_min",
          "ratio_max", "off_policy/ratio_max",
          "ess_token", "off_policy/effective_sample_size",
          "chi2_token", "off_policy/chi2");

  private DivergenceCases() {}

  /** An estimator by itself: advantages of 0 leave nothing else of the loss. */
  static void check(CaseLine line, Fields inputs, Fields expected, Comparison comparison) {
    KlSettings kl = LossSettings.estimator(line.name(), 1, false);
    double[][] logProbs = {inputs.vector("logp")};
    double[][] reference = {inputs.vector("ref_logp")};
    double[][] mask = {Arrays.stream(logProbs[0]).map(p -> 1).toArray()};
    Tokens tokens =
        new Tokens(
            logProbs,
            Optional.empty(),
            logProbs,
            Optional.of(reference),
            mask,
            new double[1][1],
            new double[1][mask[0].length],
            new int[1]);
    Evaluation evaluation = evaluate(plain().withKl(kl), tokens, comparison.precision());
    double[][] values = evaluation.divergence().orElseThrow();
    if (expected.has("kl")) {
      comparison.check("kl", values[0], expected.vector("kl"));
    }
    if (expected.has("grad_logp")) {
      comparison.check("grad_logp", evaluation.gradient()[0], expected.vector("grad_logp"));
    }
    tokens.refuseMissBeyondLimit(comparison);
  }

  /** Tokens that keep their policy term: those with a loss at an advantage of -1. */
  static void checkEntropyMask(
      CaseLine line, Fields inputs, Fields expected, Comparison comparison) {
    double[][] mask = inputs.mask("mask");
    double[][] ones = new double[mask.length][1];
    Arrays.stream(ones).forEach(row -> row[0] = -1);
    double[][] zeros = new double[mask.length][mask[0].length];
    Tokens tokens =
        new Tokens(
            zeros,
            Optional.of(zeros),
            zeros,
            Optional.empty(),
            mask,
            ones,
            inputs.matrix("entropies"),
            new int[mask.length]);
    ObjectiveSettings settings =
        plain().withEntropy(new EntropySettings(0, inputs.number("top_entropy_quantile")));
    Evaluation evaluation = evaluate(settings, tokens, comparison.precision());
    if (expected.has("threshold")) {
      comparison.check(
          "threshold", evaluation.step().entropyThreshold(), expected.number("threshold"));
    }
    if (expected.has("entropy_mask")) {
      comparison.check("entropy_mask", evaluation.tokenLosses(), expected.matrix("entropy_mask"));
    }
  }

  static void checkMetrics(CaseLine line, Fields inputs, Fields expected, Comparison comparison) {
    double[][] mask = inputs.mask("mask");
    double[][] logProbs = inputs.matrix(inputs.oneOf("old_logp", "logp").orElse("old_logp"));
    Tokens tokens =
        new Tokens(
            logProbs,
            Optional.empty(),
            inputs.matrix("sampling_logp"),
            Optional.empty(),
            mask,
            new double[mask.length][1],
            new double[mask.length][mask[0].length],
            new int[mask.length]);
    SortedMap<String, Double> metrics = evaluate(plain(), tokens, comparison.precision()).metrics();
    METRICS.forEach((field, metric) -> {
      if (expected.has(field)) {
        Double value = metrics.get(metric);
        comparison.check(field, value == null ? Double.NaN : value, expected.number(field));
      }
    });
  }

  /** The importance-weighted loss alone. */
  private static ObjectiveSettings plain() {
    return ObjectivePreset.GRPO
        .settings()
        .withRatio(RatioAnchor.OLD, RatioLevel.TOKEN)
        .withSurrogate(Surrogate.UNCLIPPED)
        .withKl(KlSettings.none())
        .withAggregation(Aggregation.of(AggregationKind.TOKEN_SUM));
  }

  private static Evaluation evaluate(
      ObjectiveSettings settings, Tokens tokens, Precision precision) {
    LossScale scale = LossInputs.scale(settings.aggregation(), tokens, tokens.live());
    int[] all = IntStream.range(0, tokens.numRows()).toArray();
    return Evaluation.of(settings, tokens, all, scale, scale, precision);
  }
}
