package dev.sampo.learner.objective;

import java.util.OptionalDouble;

/**
 * The divergence from the reference model in the loss of a token.
 *
 * @param estimator which estimator
 * @param beta its weight; 0 means that there is no reference model at all
 * @param timesRatio multiply it by the ratio, gradient included (DeepSeek-V3.2)
 * @param limit bound of its absolute value, beyond which it has no gradient
 * @param straightThrough give it the gradient of k2 under its own value
 */
public record KlSettings(
    KlEstimator estimator,
    double beta,
    boolean timesRatio,
    OptionalDouble limit,
    boolean straightThrough) {
  public KlSettings {
    Rules.require(beta >= 0 && Double.isFinite(beta), "beta", ">= 0", beta);
    if (limit.isPresent()) {
      double bound = limit.getAsDouble();
      Rules.require(bound > 0 && Double.isFinite(bound), "limit", "> 0", bound);
    }
  }

  /** No reference model. */
  public static KlSettings none() {
    return k3(0);
  }

  /** k3 in the loss. */
  public static KlSettings k3(double beta) {
    return new KlSettings(KlEstimator.K3, beta, false, OptionalDouble.empty(), false);
  }
}
