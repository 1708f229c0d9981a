package dev.sampo.losses;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import dev.sampo.learner.objective.LossScale;
import dev.sampo.learner.objective.ObjectiveRows;
import dev.sampo.learner.objective.ObjectiveSettings;
import dev.sampo.learner.objective.ObjectiveStatistics;
import dev.sampo.learner.objective.ObjectiveTerms;
import dev.sampo.learner.objective.PolicyObjective;
import dev.sampo.learner.objective.StepConstants;
import dev.sampo.learner.objective.StepSurvey;
import java.util.Arrays;
import java.util.Optional;
import java.util.SortedMap;
import java.util.stream.IntStream;

/**
 * What the product makes of some tokens: value, gradients by its engine, and statistics.
 *
 * @param loss contribution to the loss of the update
 * @param gradient of the loss by the log-probs // [R, C]
 * @param entropyGradient of the loss by the entropies // [R, C]
 * @param tokenLosses before aggregation // [R, C]
 * @param ratio broadcast over tokens, also where not live // [R, C]
 * @param mismatchWeights broadcast over tokens, also where not live; empty without // [R, C]
 * @param kept of the off-policy mask; empty without // [R]
 * @param divergence from the reference // [R, C]
 * @param metrics of the statistics
 * @param step the constants of the update
 */
@SuppressWarnings("ArrayRecordComponent")
record Evaluation(
    double loss,
    double[][] gradient,
    double[][] entropyGradient,
    double[][] tokenLosses,
    double[][] ratio,
    Optional<double[][]> mismatchWeights,
    Optional<double[]> kept,
    Optional<double[][]> divergence,
    SortedMap<String, Double> metrics,
    StepConstants step) {

  /**
   * Evaluates some rows of an update.
   *
   * @param rows which
   * @param scale the denominators of the update
   * @param entropyScale those of its entropy bonus
   */
  static Evaluation of(
      ObjectiveSettings settings,
      Tokens update,
      int[] rows,
      LossScale scale,
      LossScale entropyScale,
      Precision precision) {
    try (NDManager manager = NDManager.newBaseManager();
        GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      PolicyObjective objective = new PolicyObjective(settings);
      StepConstants step = survey(objective, update, scale, entropyScale, manager, precision);
      Tokens tokens = update.select(rows);
      NDArray logProbs = array(manager, tokens.logProbs(), precision.type());
      NDArray entropies = array(manager, tokens.entropies(), precision.type());
      logProbs.setRequiresGradient(true);
      entropies.setRequiresGradient(true);
      ObjectiveRows constants = rows(update, rows, scale, step, manager, precision);
      ObjectiveTerms terms = objective.terms(logProbs, entropies, constants);
      collector.backward(terms.loss());
      ObjectiveStatistics statistics = new ObjectiveStatistics(settings);
      boolean[] sameVersion = new boolean[tokens.numRows() * tokens.mask()[0].length];
      Arrays.fill(sameVersion, true);
      statistics.add(logProbs, entropies, constants, terms, sameVersion);
      Shape shape = logProbs.getShape();
      return new Evaluation(
          doubles(terms.loss())[0],
          matrix(logProbs.getGradient(), shape),
          matrix(entropies.getGradient(), shape),
          matrix(terms.tokenLosses(), shape),
          matrix(terms.ratio(), shape),
          terms.mismatchWeights().map(w -> matrix(w, shape)),
          terms.kept().map(Evaluation::doubles),
          terms.divergence().map(kl -> matrix(kl, shape)),
          statistics.metrics(),
          step);
    }
  }

  private static StepConstants survey(
      PolicyObjective objective,
      Tokens update,
      LossScale scale,
      LossScale entropyScale,
      NDManager manager,
      Precision precision) {
    StepSurvey survey = new StepSurvey(objective);
    int[] all = IntStream.range(0, update.numRows()).toArray();
    survey.add(
        array(manager, update.old().orElse(update.logProbs()), precision.type()),
        array(manager, update.entropies(), precision.type()),
        rows(update, all, scale, StepConstants.NONE, manager, precision));
    return survey.constants(entropyScale);
  }

  private static ObjectiveRows rows(
      Tokens update,
      int[] rows,
      LossScale scale,
      StepConstants step,
      NDManager manager,
      Precision precision) {
    Tokens tokens = update.select(rows);
    DataType type = precision.type();
    double[][] lengths = new double[rows.length][1];
    double[][] weights = new double[rows.length][1];
    for (int i = 0; i < rows.length; i++) {
      int live = update.live(rows[i]);
      lengths[i][0] = Math.max(live, 1);
      weights[i][0] = live > 0 ? scale.tokenWeight(live, update.liveOfPrompt(rows[i])) : 0;
    }
    return new ObjectiveRows(
        array(manager, tokens.behaviour(), type),
        tokens.old().map(old -> array(manager, old, type)),
        tokens.reference().map(reference -> array(manager, reference, type)),
        array(manager, tokens.mask(), DataType.BOOLEAN),
        array(manager, lengths, type),
        array(manager, tokens.advantages(), type),
        array(manager, weights, type),
        step);
  }

  private static NDArray array(NDManager manager, double[][] values, DataType type) {
    double[] flat = Arrays.stream(values).flatMapToDouble(Arrays::stream).toArray();
    return manager.create(flat, new Shape(values.length, values[0].length)).toType(type, true);
  }

  private static double[][] matrix(NDArray array, Shape shape) {
    double[] flat = doubles(array);
    int columns = (int) shape.get(1);
    boolean byRow = array.getShape().get(1) != columns;
    double[][] matrix = new double[(int) shape.get(0)][columns];
    for (int row = 0; row < matrix.length; row++) {
      for (int t = 0; t < columns; t++) {
        matrix[row][t] = byRow ? flat[row] : flat[row * columns + t];
      }
    }
    return matrix;
  }

  private static double[] doubles(NDArray array) {
    return array.toType(DataType.FLOAT64, false).toDoubleArray();
  }
}
