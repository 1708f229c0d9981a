package dev.sampo.learner.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ObjectiveStatisticsTest {

  @Test
  void ratioStatisticsMatchTheReference() {
    LossCase c = LossCase.named("metrics/train_inference_mismatch");
    RatioStatistics statistics = new RatioStatistics();
    double[][] mask = c.matrix(c.inputs().get("mask"));
    double[][] logProbs = c.matrix(c.inputs().get("old_logp"));
    double[][] behaviour = c.matrix(c.inputs().get("sampling_logp"));

    for (int row = 0; row < mask.length; row++) {
      for (int t = 0; t < mask[row].length; t++) {
        if (mask[row][t] == 1) {
          statistics.add(logProbs[row][t], behaviour[row][t]);
        }
      }
    }

    assertThat(statistics.k1()).isCloseTo(expected(c, "mismatch_k1"), within(1e-9));
    assertThat(statistics.k3()).isCloseTo(expected(c, "mismatch_k3"), within(1e-9));
    assertThat(statistics.maxAbsDifference())
        .isCloseTo(expected(c, "abs_logp_diff_max"), within(1e-9));
    assertThat(statistics.meanRatio()).isCloseTo(expected(c, "ratio_mean"), within(1e-9));
    assertThat(statistics.minRatio()).isCloseTo(expected(c, "ratio_min"), within(1e-9));
    assertThat(statistics.maxRatio()).isCloseTo(expected(c, "ratio_max"), within(1e-9));
    assertThat(statistics.effectiveSampleShare()).isCloseTo(expected(c, "ess_token"), within(1e-9));
  }

  static Stream<LossCase> casesWithClipFractions() {
    return LossCase.all().stream().filter(c -> c.expected().has("clip_low_frac"));
  }

  @ParameterizedTest
  @MethodSource("casesWithClipFractions")
  void clipFractionsMatchTheReference(LossCase c) {
    ObjectiveStatistics statistics =
        new ObjectiveStatistics(
            new GrpoSettings(
                c.inputs().get("eps_low").asDouble(),
                c.inputs().get("eps_high").asDouble(),
                0,
                Aggregation.TOKEN_MEAN,
                AdvantageKind.GROUP_NORMALISED));
    double[][] mask = c.matrix(c.inputs().get("mask"));
    double[][] logProbs = c.matrix(c.inputs().get("logp"));
    double[][] behaviour = c.matrix(c.inputs().get("old_logp"));
    double[] advantages = LossCase.vector(c.inputs().get("advantages"));

    for (int row = 0; row < mask.length; row++) {
      for (int t = 0; t < mask[row].length; t++) {
        if (mask[row][t] == 1) {
          statistics.add(
              new ObjectiveStatistics.Token(
                  logProbs[row][t],
                  behaviour[row][t],
                  OptionalDouble.empty(),
                  0,
                  advantages[row],
                  false));
        }
      }
    }

    Map<String, Double> metrics = statistics.metrics();
    assertThat(metrics.get("clip_ratio/low_mean"))
        .isCloseTo(expected(c, "clip_low_frac"), within(1e-9));
    assertThat(metrics.get("clip_ratio/high_mean"))
        .isCloseTo(expected(c, "clip_high_frac"), within(1e-9));
    assertThat(metrics.get("clip_ratio/region_mean"))
        .isCloseTo(expected(c, "clip_region_frac"), within(1e-9));
  }

  @Test
  void tokensOfOlderVersionsDoNotCountAsMismatch() {
    ObjectiveStatistics statistics =
        new ObjectiveStatistics(
            new GrpoSettings(0.2, 0.2, 0, Aggregation.TOKEN_MEAN, AdvantageKind.GROUP_NORMALISED));

    statistics.add(token(-1, -1.00001, true));
    statistics.add(token(-1, -3, false));

    assertThat(statistics.metrics().get("mismatch/max_abs")).isCloseTo(1e-5, within(1e-9));
    assertThat(statistics.metrics().get("off_policy/ratio_max"))
        .isCloseTo(Math.exp(2), within(1e-9));
  }

  private static ObjectiveStatistics.Token token(double p, double u, boolean sameVersion) {
    return new ObjectiveStatistics.Token(p, u, OptionalDouble.empty(), 0, 1, sameVersion);
  }

  private static double expected(LossCase c, String name) {
    return c.expected().get(name).asDouble();
  }
}
