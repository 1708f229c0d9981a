package dev.sampo.learner.objective;

import ai.djl.ndarray.NDArray;
import java.util.stream.DoubleStream;

/**
 * Gathers {@link StepConstants} from all rows of an update, before the updates of the batch, where
 * {@link ObjectiveSettings#needsScoresBefore()}. They stay what they are while the policy moves: a
 * later round compares its entropies with the threshold of the first.
 */
public final class StepSurvey {
  private final PolicyObjective objective;
  private final DoubleStream.Builder entropies = DoubleStream.builder();
  private double sumWeights;
  private long numTokens;

  public StepSurvey(PolicyObjective objective) {
    this.objective = objective;
  }

  /**
   * Adds some rows.
   *
   * @param logProbs under the policy before the update // [R, C]
   * @param entropies of the same policy // [R, C]
   * @param rows their constants; {@code step} is not used
   */
  public void add(NDArray logProbs, NDArray entropies, ObjectiveRows rows) {
    boolean[] live = rows.live().toBooleanArray();
    if (objective.settings().mismatch().normalise()) {
      ObjectiveTerms terms = objective.terms(logProbs, entropies, rows.with(StepConstants.NONE));
      TokenValues weights = TokenValues.of(terms.mismatchWeights().orElseThrow(), rows);
      for (int i = 0; i < live.length; i++) {
        sumWeights += live[i] ? weights.at(i) : 0;
      }
    }
    TokenValues all = TokenValues.of(entropies, rows);
    for (int i = 0; i < live.length; i++) {
      if (live[i]) {
        numTokens++;
        this.entropies.add(all.at(i));
      }
    }
  }

  /** What the rows so far come to. */
  public StepConstants constants(LossScale scale) {
    ObjectiveSettings settings = objective.settings();
    double[] sorted = entropies.build().sorted().toArray();
    double mean = sumWeights > 0 ? sumWeights / numTokens : 1;
    return new StepConstants(
        mean,
        settings.entropy().topShare() < 1
            ? quantile(sorted, 1 - settings.entropy().topShare())
            : Double.NEGATIVE_INFINITY,
        scale.entropyWeight(settings.entropy().bonus()));
  }

  /** Interpolated linearly between the two nearest values, as in NumPy and PyTorch. */
  private static double quantile(double[] sorted, double share) {
    if (sorted.length == 0) {
      return Double.NEGATIVE_INFINITY;
    }
    double place = share * (sorted.length - 1);
    int below = (int) Math.floor(place);
    double fraction = place - below;
    return fraction == 0
        ? sorted[below]
        : sorted[below] + fraction * (sorted[below + 1] - sorted[below]);
  }
}
