package dev.sampo.learner.objective;

import dev.sampo.learner.option.Rules;
import java.util.OptionalDouble;

/**
 * Constant weights {@code exp(o - u)} on the policy term: how much more likely the learner before
 * its updates finds a token than the rollout worker that sampled it. With the ratio anchored at the
 * old policy this is decoupled PPO (Hilton et al. 2022, arXiv:2110.00641) and truncated importance
 * sampling (Yao et al. 2025).
 *
 * @param level what has a weight
 * @param action what happens to a weight out of bounds
 * @param bounds the bounds
 * @param normalise divide the weights by their mean over the live tokens of the update
 */
public record MismatchWeights(
    MismatchLevel level, MismatchAction action, WeightBounds bounds, boolean normalise) {
  /** No weights. */
  public static final MismatchWeights NONE =
      new MismatchWeights(MismatchLevel.NONE, MismatchAction.TRUNCATE, WeightBounds.upTo(2), false);

  public MismatchWeights {
    Rules.require(
        action == MismatchAction.TRUNCATE || !bounds.isEmpty(),
        "bounds",
        "given where action is mask",
        bounds);
    Rules.require(
        !normalise || level != MismatchLevel.NONE,
        "normalise",
        "false where level is none",
        normalise);
  }

  /** Whether there are weights. */
  public boolean isPresent() {
    return level != MismatchLevel.NONE;
  }

  /** Whether a weight is what an out-of-bounds one becomes; float32 rounds bounds. */
  boolean cut(double weight) {
    return switch (action) {
      case MASK -> weight == 0;
      case TRUNCATE -> isNear(weight, bounds.low()) || isNear(weight, bounds.high());
    };
  }

  private static boolean isNear(double weight, OptionalDouble bound) {
    return bound.isPresent()
        && Math.abs(weight - bound.getAsDouble()) <= 1e-6 * Math.max(1, bound.getAsDouble());
  }
}
