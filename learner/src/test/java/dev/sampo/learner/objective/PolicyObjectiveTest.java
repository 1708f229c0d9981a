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
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for every option; the numbers of single options are compared in the module tests. */
class PolicyObjectiveTest {
  private static final double[][] LOG_PROBS = {{-0.5, -1.0}, {-1.5, -0.3}};
  private static final double[][] BEHAVIOUR = {{-0.4, -1.2}, {-1.4, -0.2}};
  private static final double[][] MASK = {{1, 0}, {1, 1}};

  @SuppressWarnings("ArrayRecordComponent")
  private record Evaluation(double loss, double[] gradient, SortedMap<String, Double> metrics) {}

  static Stream<ObjectiveSettings> everyOption() {
    ObjectiveSettings grpo = ObjectivePreset.GRPO.settings();
    ObjectiveSettings old = grpo.withRatio(RatioAnchor.OLD, RatioLevel.TOKEN);
    WeightBounds narrow = new WeightBounds(OptionalDouble.of(0.95), OptionalDouble.of(1.05));
    Stream<ObjectiveSettings> presets =
        Arrays.stream(ObjectivePreset.values()).map(ObjectivePreset::settings);
    Stream<ObjectiveSettings> ratios =
        Arrays.stream(RatioLevel.values())
            .map(level -> grpo.withRatio(RatioAnchor.BEHAVIOUR, level));
    Stream<ObjectiveSettings> mismatches =
        Arrays.stream(MismatchLevel.values())
            .filter(level -> level != MismatchLevel.NONE)
            .flatMap(level ->
                Arrays.stream(MismatchAction.values())
                    .map(action ->
                        old.withMismatch(new MismatchWeights(level, action, narrow, false))));
    Stream<ObjectiveSettings> others =
        Stream.of(
            grpo.withSurrogate(Surrogate.UNCLIPPED),
            grpo.withOffPolicyDelta(OptionalDouble.of(0.05)),
            grpo.withEntropy(new EntropySettings(0.1, 0.5)),
            grpo.withKl(
                new KlSettings(
                    KlEstimator.K3, 0.1, KlPlace.LOSS, true, OptionalDouble.of(10), false)),
            grpo.withKl(
                new KlSettings(
                    KlEstimator.K1, 0.1, KlPlace.LOSS, false, OptionalDouble.empty(), true)),
            grpo.withClip(new ClipSettings(0.2, 0.2, OptionalDouble.of(4), OptionalDouble.of(3))));
    return Stream.of(presets, ratios, mismatches, others).flatMap(all -> all);
  }

  @ParameterizedTest
  @MethodSource("everyOption")
  void whatStandsInPaddingReachesNeitherLossNorGradient(ObjectiveSettings settings) {
    double[][] infinite = {{-0.5, Double.NaN}, {-1.5, -0.3}};
    double[][] huge = {{-0.4, Double.NEGATIVE_INFINITY}, {-1.4, -0.2}};

    Evaluation clean = evaluate(settings, LOG_PROBS, BEHAVIOUR, MASK, new double[] {1, -1});
    Evaluation dirty = evaluate(settings, infinite, huge, MASK, new double[] {1, -1});

    assertThat(dirty.loss()).isEqualTo(clean.loss()).isFinite();
    assertThat(dirty.gradient()).containsExactly(clean.gradient());
    assertThat(dirty.metrics()).isEqualTo(clean.metrics());
  }

  @ParameterizedTest
  @MethodSource("everyOption")
  void withoutLiveTokensLossAndGradientAreZero(ObjectiveSettings settings) {
    double[][] nothing = {{0, 0}, {0, 0}};

    Evaluation evaluation = evaluate(settings, LOG_PROBS, BEHAVIOUR, nothing, new double[] {1, -1});

    assertThat(evaluation.loss()).isZero();
    assertThat(evaluation.gradient()).containsOnly(0.0);
  }

  @ParameterizedTest
  @MethodSource("everyOption")
  void anAdvantageOfZeroAndALogRatioOutOfRangeIsNoNumberTrouble(ObjectiveSettings settings) {
    double[][] far = {{-0.4, -1.2}, {-300, -0.2}};

    Evaluation evaluation = evaluate(settings, LOG_PROBS, far, MASK, new double[] {0, 0});

    assertThat(evaluation.loss()).isFinite();
    assertThat(Arrays.stream(evaluation.gradient()).allMatch(Double::isFinite)).isTrue();
  }

  @Test
  void theGradientOfCispoIsThatOfTheLogProbAlone() {
    ObjectiveSettings cispo = ObjectivePreset.CISPO.settings().withCispo(WeightBounds.upTo(1.05));
    double[][] live = {{1, 1}, {1, 1}};

    Evaluation evaluation = evaluate(cispo, LOG_PROBS, BEHAVIOUR, live, new double[] {2, -1});

    double[] weights = {Math.exp(-0.1), 1.05, Math.exp(-0.1), Math.exp(-0.1)};
    double[] expected = {-weights[0] * 2 / 4, -weights[1] * 2 / 4, weights[2] / 4, weights[3] / 4};
    assertThat(evaluation.gradient()).containsExactly(expected, within(1e-12));
  }

  @Test
  void dualClipLeavesPositiveAdvantagesAlone() {
    ObjectiveSettings grpo = withoutReference();
    ObjectiveSettings dual =
        grpo.withClip(new ClipSettings(0.2, 0.2, OptionalDouble.empty(), OptionalDouble.of(1.01)));
    double[][] behaviour = {{-3, -3}, {-3, -3}};
    double[][] live = {{1, 1}, {1, 1}};

    assertThat(evaluate(dual, LOG_PROBS, behaviour, live, new double[] {1, 1}).loss())
        .isEqualTo(evaluate(grpo, LOG_PROBS, behaviour, live, new double[] {1, 1}).loss());
    assertThat(evaluate(dual, LOG_PROBS, behaviour, live, new double[] {-1, -1}).loss())
        .isCloseTo(1.01, within(1e-12));
  }

  @Test
  void theCurrentPolicyStandsForTheOldOneWhereNoneIsGiven() {
    ObjectiveSettings settings = ObjectivePreset.DECOUPLED.settings();

    Evaluation implied = evaluate(settings, LOG_PROBS, BEHAVIOUR, MASK, new double[] {1, -1});
    Evaluation given =
        evaluate(
            settings, LOG_PROBS, Optional.of(LOG_PROBS), BEHAVIOUR, MASK, new double[] {1, -1});

    assertThat(implied.loss()).isEqualTo(given.loss());
    assertThat(implied.gradient()).containsExactly(given.gradient());
  }

  @Test
  void enginesThatAgreeChangeNothing() {
    ObjectiveSettings plain = withoutReference().withRatio(RatioAnchor.OLD, RatioLevel.TOKEN);
    ObjectiveSettings weighted =
        plain.withMismatch(
            new MismatchWeights(
                MismatchLevel.TOKEN, MismatchAction.MASK, WeightBounds.upTo(2), false));

    Evaluation without =
        evaluate(plain, LOG_PROBS, Optional.of(BEHAVIOUR), BEHAVIOUR, MASK, new double[] {1, -1});
    Evaluation with =
        evaluate(
            weighted, LOG_PROBS, Optional.of(BEHAVIOUR), BEHAVIOUR, MASK, new double[] {1, -1});

    assertThat(with.loss()).isEqualTo(without.loss());
    assertThat(with.gradient()).containsExactly(without.gradient());
    assertThat(with.metrics()).containsEntry("sampling/importance_sampling_ratio/max", 1.0);
  }

  @ParameterizedTest
  @EnumSource(AggregationKind.class)
  void theEntropyBonusIsAsStrongUnderEveryAggregation(AggregationKind kind) {
    ObjectiveSettings without =
        withoutReference().withAggregation(new Aggregation(kind, true, OptionalInt.empty()));
    ObjectiveSettings with = without.withEntropy(new EntropySettings(0.5, 1));
    double[] advantages = {1, -1};

    double bonus =
        evaluate(without, LOG_PROBS, BEHAVIOUR, MASK, advantages).loss()
            - evaluate(with, LOG_PROBS, BEHAVIOUR, MASK, advantages).loss();

    assertThat(bonus).isCloseTo(0.5 * (1 + 3 + 4) / 3, within(1e-12)); // of entropies 1, 3, 4
  }

  @Test
  void aReferenceThatIsMissingIsAnError() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray one = manager.ones(new Shape(1, 1));
      ObjectiveRows rows =
          new ObjectiveRows(
              one,
              Optional.empty(),
              Optional.empty(),
              manager.ones(new Shape(1, 1), DataType.BOOLEAN),
              one,
              one,
              one,
              StepConstants.NONE);

      assertThatThrownBy(
              () -> new PolicyObjective(ObjectivePreset.GRPO.settings()).loss(one, one, rows))
          .hasMessageContaining("reference");
    }
  }

  private static ObjectiveSettings withoutReference() {
    return ObjectivePreset.GRPO.settings().withKl(KlSettings.none());
  }

  private static Evaluation evaluate(
      ObjectiveSettings settings,
      double[][] logProbs,
      double[][] behaviour,
      double[][] mask,
      double[] advantages) {
    return evaluate(settings, logProbs, Optional.empty(), behaviour, mask, advantages);
  }

  private static Evaluation evaluate(
      ObjectiveSettings settings,
      double[][] logProbs,
      Optional<double[][]> old,
      double[][] behaviour,
      double[][] mask,
      double[] advantages) {
    long tokens = Arrays.stream(mask).flatMapToDouble(Arrays::stream).filter(m -> m == 1).count();
    LossScale scale = new LossScale(settings.aggregation(), 2, 2, 1, tokens, 2);
    double[][] lengths = new double[2][1];
    double[][] weights = new double[2][1];
    double[][] column = new double[2][1];
    for (int row = 0; row < 2; row++) {
      int live = (int) Arrays.stream(mask[row]).sum();
      lengths[row][0] = Math.max(live, 1);
      weights[row][0] = scale.tokenWeight(live, tokens);
      column[row][0] = advantages[row];
    }
    try (NDManager manager = NDManager.newBaseManager();
        GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray current = array(manager, logProbs);
      NDArray entropies = array(manager, new double[][] {{1, 2}, {3, 4}});
      current.setRequiresGradient(true);
      ObjectiveRows rows =
          new ObjectiveRows(
              array(manager, behaviour),
              old.map(o -> array(manager, o)),
              settings.needsReference() ? Optional.of(array(manager, BEHAVIOUR)) : Optional.empty(),
              array(manager, mask).toType(DataType.BOOLEAN, true),
              array(manager, lengths),
              array(manager, column),
              array(manager, weights),
              StepConstants.NONE);
      PolicyObjective objective = new PolicyObjective(settings);
      StepSurvey survey = new StepSurvey(objective);
      survey.add(current, entropies, rows);
      ObjectiveRows complete = rows.with(survey.constants(scale));
      ObjectiveTerms terms = objective.terms(current, entropies, complete);
      collector.backward(terms.loss());
      ObjectiveStatistics statistics = new ObjectiveStatistics(settings);
      statistics.add(current, entropies, complete, terms, new boolean[4]);
      return new Evaluation(
          terms.loss().toDoubleArray()[0],
          current.getGradient().toDoubleArray(),
          statistics.metrics());
    }
  }

  private static NDArray array(NDManager manager, double[][] values) {
    double[] flat = Arrays.stream(values).flatMapToDouble(Arrays::stream).toArray();
    return manager.create(flat, new Shape(values.length, values[0].length));
  }
}
