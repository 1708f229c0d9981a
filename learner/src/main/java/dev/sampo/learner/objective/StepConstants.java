package dev.sampo.learner.objective;

import dev.sampo.learner.option.Rules;

/**
 * Numbers of a whole update that its rows need.
 *
 * @param mismatchMean mean of the mismatch weights over the live tokens of the update; 1 where they
 *     are not normalised
 * @param entropyThreshold tokens with a smaller entropy lose their policy term; minus infinity
 *     keeps all
 * @param entropyWeight what the entropy of every live token is multiplied by in the loss: {@link
 *     LossScale#entropyWeight}
 */
public record StepConstants(double mismatchMean, double entropyThreshold, double entropyWeight) {
  /** Neither normalisation nor entropies. */
  public static final StepConstants NONE = new StepConstants(1, Double.NEGATIVE_INFINITY, 0);

  public StepConstants {
    Rules.require(mismatchMean > 0, "mismatchMean", "> 0", mismatchMean);
  }
}
