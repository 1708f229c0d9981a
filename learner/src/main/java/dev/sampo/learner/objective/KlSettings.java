package dev.sampo.learner.objective;

import dev.sampo.learner.option.OptionText;
import dev.sampo.learner.option.Rules;
import java.util.OptionalDouble;

/**
 * The divergence from the reference model.
 *
 * @param estimator which estimator
 * @param beta its weight; 0 means that there is no reference model at all
 * @param place what it is added to
 * @param timesRatio multiply it by the ratio, gradient included (DeepSeek-V3.2)
 * @param limit bound of its absolute value, beyond which it has no gradient
 * @param straightThrough give it the gradient of k2 under its own value
 */
public record KlSettings(
    KlEstimator estimator,
    double beta,
    KlPlace place,
    boolean timesRatio,
    OptionalDouble limit,
    boolean straightThrough) {
  public KlSettings {
    Rules.require(beta >= 0 && Double.isFinite(beta), "beta", ">= 0", beta);
    if (limit.isPresent()) {
      double bound = limit.getAsDouble();
      Rules.require(bound > 0 && Double.isFinite(bound), "limit", "> 0", bound);
    }
    if (beta == 0) {
      String none = " where beta is 0: there is no reference";
      Rules.require(place == KlPlace.LOSS, "place", "loss" + none, OptionText.of(place));
      Rules.require(!timesRatio, "times-ratio", "false" + none, timesRatio);
      Rules.require(limit.isEmpty(), "limit", "left out" + none, limit.orElse(0));
      Rules.require(!straightThrough, "straight-through", "false" + none, straightThrough);
    }
    if (place == KlPlace.REWARD) {
      String constant = "false where place is reward: it has no gradient there";
      Rules.require(!timesRatio, "times-ratio", constant, timesRatio);
      Rules.require(!straightThrough, "straight-through", constant, straightThrough);
    }
  }

  /** No reference model. */
  public static KlSettings none() {
    return k3(0);
  }

  /** k3 in the loss. */
  public static KlSettings k3(double beta) {
    return new KlSettings(KlEstimator.K3, beta, KlPlace.LOSS, false, OptionalDouble.empty(), false);
  }

  /** Whether tokens have it in their loss. */
  public boolean isInLoss() {
    return beta > 0 && place == KlPlace.LOSS;
  }

  /** Whether completions lose it of their rewards. */
  public boolean isInReward() {
    return beta > 0 && place == KlPlace.REWARD;
  }
}
