package dev.sampo.learner.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.types.Shape;

/**
 * The clipped policy objective of GRPO (Shao et al. 2024, equation 3; Schulman et al. 2017,
 * equation 7). With the log-prob {@code p} of a token under the current policy, {@code u} under the
 * policy that sampled it, {@code q} under the reference model, and the completion's advantage
 * {@code A}:
 *
 * <pre>
 *   ratio = exp(p - u)
 *   loss  = -min(ratio A, clip(ratio, 1 - low, 1 + high) A) + beta k3
 *   k3    = exp(q - p) - (q - p) - 1                        (estimator of the divergence, &gt;= 0)
 * </pre>
 *
 * <p><b>The anchor {@code u} is what the rollout worker reported while sampling.</b> Updates are
 * asynchronous, so a completion may be several policies old, and a long one may have been sampled
 * by several; anchoring the ratio at its own sampling makes it the true importance weight, and the
 * clip bounds how far staleness and updates together may move a token. A synchronous run updates
 * each batch once, and then {@code u} equals {@code p} up to rounding.
 *
 * <p>Tokens that are not live are selected away before anything is exponentiated, so that padding
 * may hold anything without reaching loss or gradient. Exponents stop at 20 (as in verl), where the
 * gradient ends too: an overflow would turn an advantage of 0 into NaN.
 *
 * @param settings clip bounds and beta
 */
public record GrpoObjective(GrpoSettings settings) {
  private static final double LARGEST_EXPONENT = 20;

  /**
   * The contribution of some rows to the loss of the step; the contributions of all micro-batches
   * add up to it.
   *
   * @param logProbs log-probs under the current policy, float32 or float64; its gradient is that of
   *     the step's loss // [R, C]
   * @param rows the constants of the same rows, in the same type
   * @return a scalar on the manager of {@code logProbs}
   */
  public NDArray loss(NDArray logProbs, ObjectiveRows rows) {
    Shape shape = logProbs.getShape();
    requireShape("behaviour", rows.behaviour(), shape);
    requireShape("live", rows.live(), shape);
    requireShape("advantages", rows.advantages(), new Shape(shape.get(0), 1));
    requireShape("weights", rows.weights(), new Shape(shape.get(0), 1));

    NDArray live = rows.live();
    NDArray none = logProbs.zerosLike();
    NDArray logRatio = NDArrays.where(live, logProbs.sub(rows.behaviour()), none); // [R, C]
    NDArray ratio = logRatio.clip(-LARGEST_EXPONENT, LARGEST_EXPONENT).exp();
    NDArray clipped = ratio.clip(1 - settings.clipLow(), 1 + settings.clipHigh());
    NDArray gain =
        NDArrays.minimum(ratio.mul(rows.advantages()), clipped.mul(rows.advantages())); // [R, C]
    NDArray tokenLoss = gain.neg();
    if (settings.needsReference()) {
      NDArray reference =
          rows.reference()
              .orElseThrow(
                  () -> new IllegalArgumentException("beta > 0 needs log-probs of the reference"));
      requireShape("reference", reference, shape);
      tokenLoss = tokenLoss.add(k3(logProbs, reference, live, none).mul(settings.beta()));
    }
    return NDArrays.where(live, tokenLoss, none).mul(rows.weights()).sum();
  }

  private static NDArray k3(NDArray logProbs, NDArray reference, NDArray live, NDArray none) {
    NDArray difference = NDArrays.where(live, reference.sub(logProbs), none); // [R, C]
    NDArray bounded = difference.clip(-Float.MAX_VALUE, LARGEST_EXPONENT);
    return bounded.exp().sub(bounded).sub(1);
  }

  private static void requireShape(String name, NDArray array, Shape expected) {
    if (!array.getShape().equals(expected)) {
      throw new IllegalArgumentException(
          name + " must have shape " + expected + ", got " + array.getShape());
    }
  }
}
