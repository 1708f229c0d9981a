package dev.sampo.learner.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Values and gradients against loss-cases.jsonl, through the function that training uses. */
class GrpoObjectiveTest {
  /** How close float32 and float64 have to come, relative to the largest value. */
  enum Precision {
    FLOAT32(DataType.FLOAT32, 1e-5, 1e-6),
    FLOAT64(DataType.FLOAT64, 1e-8, 1e-12);

    private final DataType type;
    private final double relative;
    private final double absolute;

    Precision(DataType type, double relative, double absolute) {
      this.type = type;
      this.relative = relative;
      this.absolute = absolute;
    }

    void check(double actual, double expected, String what) {
      assertThat(actual)
          .as(what)
          .isCloseTo(expected, within(absolute + relative * Math.abs(expected)));
    }
  }

  @SuppressWarnings("ArrayRecordComponent")
  private record Evaluation(double loss, double[] gradient) {}

  static Stream<Arguments> lossCases() {
    return LossCase.withPrefix("loss/", "edge/", "staleness/", "mask/")
        .flatMap(c -> Stream.of(Precision.values()).map(p -> Arguments.of(c, p)));
  }

  @ParameterizedTest(name = "{0} in {1}")
  @MethodSource("lossCases")
  void matchesTheReferenceValueAndGradient(LossCase c, Precision precision) {
    double[][] logProbs = c.matrix(c.inputs().get("logp"));

    Evaluation evaluation = evaluate(c, IntStream.range(0, logProbs.length).toArray(), precision);

    precision.check(evaluation.loss(), c.expected().get("loss").asDouble(), "loss");
    double[] expected = flatten(c.matrix(c.expected().get("grad_logp")));
    for (int i = 0; i < expected.length; i++) {
      precision.check(evaluation.gradient()[i], expected[i], "gradient of token " + i);
    }
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void microBatchLossesAddUpToTheLossOfTheStep(Precision precision) {
    LossCase c = LossCase.named("invariance/microbatch/token_mean_ragged_rows");
    double sum = 0;

    for (int i = 0; i < 3; i++) {
      int[] rows =
          Arrays.stream(LossCase.vector(c.inputs().get("micro_batches").get(i)))
              .mapToInt(r -> (int) r)
              .toArray();
      double loss = evaluate(c, rows, precision).loss();
      precision.check(
          loss,
          c.expected().get("micro_losses_with_global_denominator").get(i).asDouble(),
          "micro-batch " + i);
      sum += loss;
    }

    precision.check(sum, c.expected().get("loss").asDouble(), "sum");
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void divergenceFromTheReferenceIsK3(Precision precision) {
    // The published case clamps at 10; only its first element is below the clamp.
    LossCase c = LossCase.named("kl/k3_output_clamp10_only/slime_low_var_kl");
    double p = c.inputs().get("logp").get(0).asDouble();
    double q = c.inputs().get("ref_logp").get(0).asDouble();

    try (NDManager manager = NDManager.newBaseManager();
        GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray logProbs = array(manager, new double[] {p}, new Shape(1, 1), precision.type);
      logProbs.setRequiresGradient(true);
      ObjectiveRows rows =
          new ObjectiveRows(
              array(manager, new double[] {p}, new Shape(1, 1), precision.type),
              Optional.of(array(manager, new double[] {q}, new Shape(1, 1), precision.type)),
              manager.ones(new Shape(1, 1), DataType.BOOLEAN),
              array(manager, new double[] {0}, new Shape(1, 1), precision.type),
              array(manager, new double[] {1}, new Shape(1, 1), precision.type));
      NDArray loss =
          new GrpoObjective(settings(0.2, 0.2, 1, Aggregation.TOKEN_MEAN)).loss(logProbs, rows);
      collector.backward(loss);

      precision.check(toDoubles(loss)[0], c.expected().get("kl").get(0).asDouble(), "k3");
      precision.check(
          toDoubles(logProbs.getGradient())[0],
          c.expected().get("grad_logp").get(0).asDouble(),
          "gradient of k3");
    }
  }

  @Test
  void infinitiesInPaddingReachNeitherLossNorGradient() {
    double[][] clean = {{-0.5, 0}, {-1.5, -0.3}};
    double[][] dirty = {{-0.5, Double.NaN}, {-1.5, -0.3}};
    double[][] infinite = {{-0.4, Double.NEGATIVE_INFINITY}, {-1.4, -0.2}};
    double[][] mask = {{1, 0}, {1, 1}};

    Evaluation expected = evaluate(clean, new double[][] {{-0.4, 0}, {-1.4, -0.2}}, mask);
    Evaluation actual = evaluate(dirty, infinite, mask);

    assertThat(actual.loss()).isEqualTo(expected.loss());
    assertThat(actual.gradient()).containsExactly(expected.gradient());
  }

  @Test
  void aMissingReferenceIsAnError() {
    GrpoObjective objective = new GrpoObjective(settings(0.2, 0.2, 0.1, Aggregation.TOKEN_MEAN));
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray one = manager.ones(new Shape(1, 1));
      ObjectiveRows rows =
          new ObjectiveRows(
              one, Optional.empty(), manager.ones(new Shape(1, 1), DataType.BOOLEAN), one, one);

      assertThatThrownBy(() -> objective.loss(one, rows)).hasMessageContaining("reference");
    }
  }

  private static Evaluation evaluate(double[][] logProbs, double[][] behaviour, double[][] mask) {
    return evaluate(
        settings(0.2, 0.2, 0, Aggregation.TOKEN_MEAN),
        new LossScale(Aggregation.TOKEN_MEAN, 2, 3),
        new Rows(logProbs, behaviour, mask, new double[] {1, -1}),
        Precision.FLOAT32);
  }

  private static Evaluation evaluate(LossCase c, int[] rows, Precision precision) {
    double[][] mask = c.matrix(c.inputs().get("mask"));
    String name = c.inputs().get("aggregation").asText();
    int live = (int) Arrays.stream(flatten(mask)).sum();
    int nonEmpty = (int) Arrays.stream(mask).filter(r -> Arrays.stream(r).sum() > 0).count();
    LossScale scale =
        switch (name) {
          case "seq_mean_token_mean_incl_empty" ->
              new LossScale(Aggregation.SEQUENCE_MEAN, mask.length, live);
          case "seq_mean_token_mean_excl_empty" ->
              new LossScale(Aggregation.SEQUENCE_MEAN, nonEmpty, live);
          case "token_mean" -> new LossScale(Aggregation.TOKEN_MEAN, mask.length, live);
          case "token_sum" -> new LossScale(Aggregation.TOKEN_MEAN, mask.length, 1);
          case "global_tokens" ->
              new LossScale(
                  Aggregation.TOKEN_MEAN,
                  mask.length,
                  c.inputs().get("num_items_in_batch").asLong()
                      / c.inputs().get("num_processes").asLong());
          default -> throw new AssertionError("unknown aggregation " + name);
        };
    GrpoSettings settings =
        settings(
            c.inputs().get("eps_low").asDouble(),
            c.inputs().get("eps_high").asDouble(),
            0,
            scale.aggregation());
    double[] advantages = LossCase.vector(c.inputs().get("advantages"));
    Rows selected =
        new Rows(
            select(c.matrix(c.inputs().get("logp")), rows),
            select(c.matrix(c.inputs().get("old_logp")), rows),
            select(mask, rows),
            Arrays.stream(rows).mapToDouble(r -> advantages[r]).toArray());
    return evaluate(settings, scale, selected, precision);
  }

  @SuppressWarnings("ArrayRecordComponent")
  private record Rows(
      double[][] logProbs, double[][] behaviour, double[][] mask, double[] advantages) {}

  private static Evaluation evaluate(
      GrpoSettings settings, LossScale scale, Rows rows, Precision precision) {
    int numRows = rows.mask().length;
    Shape shape = new Shape(numRows, rows.mask()[0].length);
    Shape column = new Shape(numRows, 1);
    double[] weights =
        Arrays.stream(rows.mask())
            .mapToDouble(r -> scale.tokenWeight((int) Arrays.stream(r).sum()))
            .toArray();
    try (NDManager manager = NDManager.newBaseManager();
        GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray logProbs = array(manager, flatten(rows.logProbs()), shape, precision.type);
      logProbs.setRequiresGradient(true);
      NDArray loss =
          new GrpoObjective(settings)
              .loss(
                  logProbs,
                  new ObjectiveRows(
                      array(manager, flatten(rows.behaviour()), shape, precision.type),
                      Optional.empty(),
                      array(manager, flatten(rows.mask()), shape, DataType.BOOLEAN),
                      array(manager, rows.advantages(), column, precision.type),
                      array(manager, weights, column, precision.type)));
      collector.backward(loss);
      return new Evaluation(toDoubles(loss)[0], toDoubles(logProbs.getGradient()));
    }
  }

  private static GrpoSettings settings(
      double low, double high, double beta, Aggregation aggregation) {
    return new GrpoSettings(low, high, beta, aggregation, AdvantageKind.GROUP_NORMALISED);
  }

  private static double[][] select(double[][] matrix, int[] rows) {
    return Arrays.stream(rows).mapToObj(r -> matrix[r]).toArray(double[][]::new);
  }

  private static double[] flatten(double[][] matrix) {
    return Arrays.stream(matrix).flatMapToDouble(Arrays::stream).toArray();
  }

  private static NDArray array(NDManager manager, double[] values, Shape shape, DataType type) {
    return manager.create(values, shape).toType(type, true);
  }

  private static double[] toDoubles(NDArray array) {
    return array.toType(DataType.FLOAT64, false).toDoubleArray();
  }
}
