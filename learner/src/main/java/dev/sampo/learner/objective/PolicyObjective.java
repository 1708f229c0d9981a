package dev.sampo.learner.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.types.Shape;
import dev.sampo.vlm.ops.Gradients;
import java.util.Optional;

/**
 * The loss of an update, for every combination of {@link ObjectiveSettings}. With the log-prob
 * {@code p} of a token under the current policy, {@code u} under the policy that sampled it, {@code
 * o} under the policy before the updates of the batch, {@code q} under the reference model, its
 * advantage {@code A} and weight {@code a} of the aggregation:
 *
 * <pre>
 *   r    = exp(p - anchor), anchor = u or o;  of a completion: exp(mean(p - anchor))
 *   term = -min(r A, clip(r) A) | -sg(clamp(r)) A p | -r A
 *   loss = sum a (w kept term + beta kl) - bonus / N sum entropy
 *   w    = bounded exp(o - u), constant
 * </pre>
 *
 * <p>Where {@link KlPlace#REWARD} has {@code kl}, it is in {@code A} and not here.
 *
 * <p>Tokens that are not live are selected away before anything is exponentiated, so that padding
 * may hold anything without reaching loss or gradient. Exponents of ratios stop at 20 (as in verl),
 * where the gradient ends too: an overflow would turn an advantage of 0 into NaN.
 *
 * @param settings the options
 */
public record PolicyObjective(ObjectiveSettings settings) {
  static final double LARGEST_EXPONENT = 20;
  private static final int[] OVER_TOKENS = {1};

  /**
   * The contribution of some rows to the loss of the update; the contributions of all micro-batches
   * add up to it.
   *
   * @param logProbs log-probs under the current policy, float32 or float64; its gradient is that of
   *     the update's loss // [R, C]
   * @param entropies of the distributions that the tokens were drawn from, under the current
   *     policy, in the same type; used with an entropy bonus or mask only // [R, C]
   * @param rows the constants of the same rows, in the same type
   * @return a scalar on the manager of {@code logProbs}
   */
  public NDArray loss(NDArray logProbs, NDArray entropies, ObjectiveRows rows) {
    return terms(logProbs, entropies, rows).loss();
  }

  /** As {@link #loss}, with what it was made of. */
  public ObjectiveTerms terms(NDArray logProbs, NDArray entropies, ObjectiveRows rows) {
    check(logProbs, entropies, rows);
    NDArray none = logProbs.zerosLike();
    NDArray live = NDArrays.where(rows.live(), logProbs, none); // [R, C]
    NDArray now = live.stopGradient(); // [R, C]
    NDArray behaviour = NDArrays.where(rows.live(), rows.behaviour(), none); // [R, C]
    NDArray old = rows.old().map(o -> NDArrays.where(rows.live(), o, none)).orElse(now); // [R, C]
    NDArray anchor = settings.anchor() == RatioAnchor.OLD ? old : behaviour;

    NDArray ratio = ratio(live, now, anchor, rows); // [R, C] or [R, 1]
    NDArray term = term(ratio, live, rows.advantages());
    Optional<NDArray> weights = Optional.empty();
    if (settings.mismatch().isPresent()) {
      weights = Optional.of(mismatchWeights(old, behaviour, rows));
      term = term.mul(weights.get());
    }
    Optional<NDArray> kept =
        settings.offPolicyDelta().isPresent()
            ? Optional.of(kept(now, behaviour, rows))
            : Optional.empty();
    if (kept.isPresent()) {
      term = term.mul(kept.get());
    }
    if (settings.entropy().topShare() < 1) {
      term =
          term.mul(
              entropies.gte(rows.step().entropyThreshold()).toType(logProbs.getDataType(), false));
    }
    Optional<NDArray> divergence =
        settings.kl().isInLoss() ? Optional.of(divergence(live, none, rows)) : Optional.empty();
    if (divergence.isPresent()) {
      NDArray penalty = divergence.get().mul(Gradients.constant(settings.kl().beta(), none));
      term = term.add(settings.kl().timesRatio() ? penalty.mul(ratio) : penalty);
    }
    // A sequence-level term is that of each of its tokens.
    NDArray spread =
        term.getShape().equals(none.getShape()) ? term : term.broadcast(none.getShape());
    NDArray tokenLosses = NDArrays.where(rows.live(), spread, none); // [R, C]
    NDArray loss = tokenLosses.mul(rows.weights()).sum();
    if (settings.needsEntropyGradients()) {
      // A scalar times a number would be float64.
      NDArray bonus =
          NDArrays.where(rows.live(), entropies, none)
              .mul(Gradients.constant(rows.step().entropyWeight(), none))
              .sum();
      loss = loss.sub(bonus);
    }
    return new ObjectiveTerms(loss, tokenLosses, ratio, weights, kept, divergence);
  }

  private NDArray ratio(NDArray live, NDArray now, NDArray anchor, ObjectiveRows rows) {
    NDArray logRatio =
        switch (settings.ratio()) {
          case TOKEN -> live.sub(anchor); // [R, C]
          case SEQUENCE -> mean(live.sub(anchor), rows); // [R, 1]
          case SEQUENCE_TOKEN -> live.sub(now).add(mean(now.sub(anchor), rows)); // [R, C]
        };
    return exp(logRatio);
  }

  private NDArray term(NDArray ratio, NDArray live, NDArray advantages) {
    return switch (settings.surrogate()) {
      case CLIP -> clipped(ratio, advantages);
      case CISPO -> {
        WeightBounds bounds = settings.cispo();
        NDArray weight = ratio.stopGradient().clip(bounds.lowest(), bounds.highest());
        yield weight.mul(advantages).mul(live).neg();
      }
      case UNCLIPPED -> ratio.mul(advantages).neg();
    };
  }

  private NDArray clipped(NDArray ratio, NDArray advantages) {
    ClipSettings clip = settings.clip();
    NDArray bounded = ratio.clip(1 - clip.low(), 1 + clip.high()).mul(advantages);
    NDArray free =
        clip.delta().isPresent()
            ? ratio.clip(0, clip.delta().getAsDouble()).mul(advantages)
            : ratio.mul(advantages);
    NDArray loss = NDArrays.minimum(free, bounded).neg();
    if (clip.dual().isEmpty()) {
      return loss;
    }
    NDArray capped =
        NDArrays.minimum(
            loss, advantages.mul(Gradients.constant(-clip.dual().getAsDouble(), advantages)));
    return NDArrays.where(advantages.lt(0).broadcast(loss.getShape()), capped, loss);
  }

  /** Weights after bounds and normalisation // [R, C] or [R, 1]. */
  private NDArray mismatchWeights(NDArray old, NDArray behaviour, ObjectiveRows rows) {
    MismatchWeights mismatch = settings.mismatch();
    NDArray log = old.sub(behaviour);
    NDArray raw =
        exp(
            switch (mismatch.level()) {
              case NONE, TOKEN -> log;
              case SEQUENCE_SUM -> log.sum(OVER_TOKENS, true);
              case SEQUENCE_MEAN -> mean(log, rows);
            });
    WeightBounds bounds = mismatch.bounds();
    NDArray bounded = raw.clip(bounds.lowest(), bounds.highest());
    NDArray weights =
        switch (mismatch.action()) {
          case TRUNCATE -> bounded;
          case MASK -> NDArrays.where(bounded.eq(raw), raw, raw.zerosLike());
        };
    return mismatch.normalise()
        ? weights.div(Gradients.constant(rows.step().mismatchMean(), weights))
        : weights;
  }

  private NDArray kept(NDArray now, NDArray behaviour, ObjectiveRows rows) {
    NDArray drift = mean(behaviour.sub(now), rows); // [R, 1]
    NDArray dropped =
        drift.gt(settings.offPolicyDelta().orElseThrow()).logicalAnd(rows.advantages().lt(0));
    return dropped.logicalNot().toType(now.getDataType(), false); // [R, 1]
  }

  private NDArray divergence(NDArray live, NDArray none, ObjectiveRows rows) {
    NDArray reference =
        NDArrays.where(
            rows.live(),
            rows.reference()
                .orElseThrow(() ->
                    new IllegalArgumentException(
                        "kl in the loss needs log-probs of the reference")),
            none);
    return new Divergence(settings.kl()).of(live.sub(reference)); // [R, C]
  }

  private static NDArray mean(NDArray values, ObjectiveRows rows) {
    return values.sum(OVER_TOKENS, true).div(rows.lengths()); // [R, 1]
  }

  private static NDArray exp(NDArray logRatio) {
    return logRatio.clip(-LARGEST_EXPONENT, LARGEST_EXPONENT).exp();
  }

  private void check(NDArray logProbs, NDArray entropies, ObjectiveRows rows) {
    Shape shape = logProbs.getShape();
    Shape column = new Shape(shape.get(0), 1);
    requireShape("behaviour", rows.behaviour(), shape);
    rows.old().ifPresent(old -> requireShape("old", old, shape));
    rows.reference().ifPresent(reference -> requireShape("reference", reference, shape));
    requireShape("live", rows.live(), shape);
    requireShape("lengths", rows.lengths(), column);
    requireShape("weights", rows.weights(), column);
    requireShape("entropies", entropies, shape);
    boolean byToken = rows.advantages().getShape().equals(shape);
    if (!byToken || settings.ratio() != RatioLevel.TOKEN || settings.offPolicyDelta().isPresent()) {
      requireShape("advantages", rows.advantages(), column);
    }
  }

  private static void requireShape(String name, NDArray array, Shape expected) {
    if (!array.getShape().equals(expected)) {
      throw new IllegalArgumentException(
          name + " must have shape " + expected + ", got " + array.getShape());
    }
  }
}
