package dev.sampo.losses;

import dev.sampo.learner.objective.Aggregation;
import dev.sampo.learner.objective.AggregationKind;
import dev.sampo.learner.objective.LossScale;
import dev.sampo.learner.objective.ObjectiveSettings;
import dev.sampo.learner.objective.RatioLevel;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Cases with log-probs and a loss. */
final class LossCases {
  private LossCases() {}

  static void check(CaseLine line, Fields inputs, Fields expected, Comparison comparison) {
    ObjectiveSettings settings = LossSettings.of(line, inputs);
    Tokens tokens = LossInputs.of(inputs);
    LossScale scale = LossInputs.scale(line, inputs, tokens, settings.aggregation());
    LossScale live =
        LossInputs.scale(Aggregation.of(AggregationKind.TOKEN_MEAN), tokens, tokens.live());
    int[] all = IntStream.range(0, tokens.numRows()).toArray();
    Evaluation evaluation =
        Evaluation.of(settings, tokens, all, scale, live, comparison.precision());

    checkLoss(expected, comparison, evaluation, tokens);
    checkStatistics(expected, comparison, evaluation, tokens, settings);
    checkMismatch(expected, comparison, evaluation, tokens);
    if (inputs.has("micro_batches")) {
      checkMicroBatches(inputs, expected, comparison, settings, tokens, scale);
    }
    tokens.refuseMissBeyondLimit(comparison);
  }

  private static void checkLoss(
      Fields expected, Comparison comparison, Evaluation evaluation, Tokens tokens) {
    if (expected.has("loss")) {
      comparison.check("loss", evaluation.loss(), expected.number("loss"));
    }
    if (expected.has("grad_logp")) {
      comparison.check("grad_logp", evaluation.gradient(), expected.matrix("grad_logp"));
    }
    if (expected.has("per_token_loss")) {
      comparison.check(
          "per_token_loss", evaluation.tokenLosses(), expected.matrix("per_token_loss"));
    }
    if (expected.has("d_loss_d_entropy")) {
      comparison.check(
          "d_loss_d_entropy", evaluation.entropyGradient(), expected.matrix("d_loss_d_entropy"));
    }
    if (expected.has("sequence_ratio")) {
      double[] first = Arrays.stream(evaluation.ratio()).mapToDouble(row -> row[0]).toArray();
      comparison.check("sequence_ratio", first, expected.vector("sequence_ratio"));
    }
    if (expected.has("keep_sequence")) {
      comparison.check(
          "keep_sequence",
          evaluation.kept().orElseThrow(() -> new UnsupportedCaseException("off-policy mask")),
          expected.vector("keep_sequence"));
    }
    if (expected.has("per_token_kl")) {
      double[][] values =
          evaluation.divergence().orElseThrow(() -> new UnsupportedCaseException("no beta"));
      comparison.check("per_token_kl", masked(values, tokens), expected.matrix("per_token_kl"));
    }
  }

  private static void checkStatistics(
      Fields expected,
      Comparison comparison,
      Evaluation evaluation,
      Tokens tokens,
      ObjectiveSettings settings) {
    checkMetric(expected, comparison, evaluation, "clip_low_frac", "clip_ratio/low_mean");
    checkMetric(expected, comparison, evaluation, "clip_high_frac", "clip_ratio/high_mean");
    checkMetric(expected, comparison, evaluation, "clip_region_frac", "clip_ratio/region_mean");
    checkMetric(expected, comparison, evaluation, "clip_frac", "cispo_clip_ratio");
    checkMetric(expected, comparison, evaluation, "mean_kl", "kl");
    checkMetric(expected, comparison, evaluation, "entropy_mean", "entropy");
    String ratio = "sampling/importance_sampling_ratio/";
    checkMetric(expected, comparison, evaluation, "is_weight_mean", ratio + "mean");
    checkMetric(expected, comparison, evaluation, "is_weight_max", ratio + "max");
    checkMetric(expected, comparison, evaluation, "is_weight_min", ratio + "min");
    checkMetric(
        expected,
        comparison,
        evaluation,
        "effective_sample_size",
        "sampling/effective_sample_size");
    checkMetric(expected, comparison, evaluation, "filtered_fraction", "sampling/out_of_bounds");
    if (settings.ratio() == RatioLevel.TOKEN && expected.has("ratio")) {
      comparison.check("ratio", masked(evaluation.ratio(), tokens), expected.matrix("ratio"));
    }
  }

  private static void checkMetric(
      Fields expected, Comparison comparison, Evaluation evaluation, String field, String metric) {
    if (expected.has(field)) {
      Double value = evaluation.metrics().get(metric);
      if (value == null) {
        throw new UnsupportedCaseException("metric " + metric + " is off for this objective");
      }
      comparison.check(field, value, expected.number(field));
    }
  }

  private static void checkMismatch(
      Fields expected, Comparison comparison, Evaluation evaluation, Tokens tokens) {
    if (!expected.has("is_weights")
        && !expected.has("behave_weight")
        && !expected.has("kept_mask")
        && !expected.has("is_zero_frac")) {
      return;
    }
    double[][] weights =
        masked(
            evaluation
                .mismatchWeights()
                .orElseThrow(() -> new UnsupportedCaseException("mismatch weights")),
            tokens);
    if (expected.has("is_weights")) {
      comparison.check("is_weights", weights, expected.matrix("is_weights"));
    }
    double[][] kept = new double[weights.length][];
    for (int row = 0; row < weights.length; row++) {
      kept[row] = Arrays.stream(weights[row]).map(w -> w == 0 ? 0 : 1).toArray();
    }
    if (expected.has("kept_mask")) {
      comparison.check("kept_mask", kept, expected.matrix("kept_mask"));
    }
    if (expected.has("behave_weight")) {
      // A weight of a token that is not kept has no part in the loss.
      double[][] raw = expected.matrix("behave_weight");
      for (int row = 0; row < raw.length; row++) {
        for (int t = 0; t < raw[row].length; t++) {
          raw[row][t] *= kept[row][t];
        }
      }
      comparison.check("behave_weight", weights, raw);
    }
    if (expected.has("is_zero_frac")) {
      double live = Math.max(tokens.live(), 1);
      double zero = live - Arrays.stream(kept).flatMapToDouble(Arrays::stream).sum();
      comparison.check("is_zero_frac", zero / live, expected.number("is_zero_frac"));
    }
  }

  private static void checkMicroBatches(
      Fields inputs,
      Fields expected,
      Comparison comparison,
      ObjectiveSettings settings,
      Tokens tokens,
      LossScale scale) {
    List<int[]> parts = inputs.wholeRows("micro_batches");
    if (parts.stream().flatMapToInt(Arrays::stream).anyMatch(r -> r < 0 || r >= tokens.numRows())) {
      throw new UnsupportedCaseException("a micro-batch with a row that there is not");
    }
    double[] losses = new double[parts.size()];
    double mean = 0;
    for (int i = 0; i < losses.length; i++) {
      losses[i] =
          Evaluation.of(settings, tokens, parts.get(i), scale, scale, comparison.precision())
              .loss();
      Tokens part = tokens.select(parts.get(i));
      LossScale local = LossInputs.scale(settings.aggregation(), part, part.live());
      int[] rows = IntStream.range(0, part.numRows()).toArray();
      mean +=
          Evaluation.of(settings, part, rows, local, local, comparison.precision()).loss()
              / losses.length;
    }
    if (expected.has("micro_losses_with_global_denominator")) {
      comparison.check(
          "micro_losses_with_global_denominator",
          losses,
          expected.vector("micro_losses_with_global_denominator"));
    }
    if (expected.has("naive_mean_of_local_means")) {
      comparison.check(
          "naive_mean_of_local_means", mean, expected.number("naive_mean_of_local_means"));
    }
    comparison.check("sum of micro losses", Arrays.stream(losses).sum(), expected.number("loss"));
  }

  private static double[][] masked(double[][] values, Tokens tokens) {
    double[][] masked = new double[values.length][];
    for (int row = 0; row < values.length; row++) {
      int r = row;
      masked[row] =
          IntStream.range(0, values[row].length)
              .mapToDouble(t -> tokens.mask()[r][t] == 1 ? values[r][t] : 0)
              .toArray();
    }
    return masked;
  }
}
