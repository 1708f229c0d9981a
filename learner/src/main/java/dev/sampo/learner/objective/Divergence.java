package dev.sampo.learner.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import dev.sampo.vlm.ops.Gradients;
import java.util.stream.IntStream;

/**
 * Estimates of the divergence of a policy from the reference model, token by token.
 *
 * @param settings which estimate
 */
public record Divergence(KlSettings settings) {
  /** Of {@code p - q}, with its gradient; of the same shape. */
  NDArray of(NDArray difference) {
    NDArray value =
        switch (settings.estimator()) {
          case K1 -> difference;
          case K2 -> halfSquare(difference);
          case K3 -> {
            NDArray negative =
                difference.neg().clip(-Float.MAX_VALUE, PolicyObjective.LARGEST_EXPONENT);
            yield negative.exp().sub(negative).sub(1);
          }
        };
    if (settings.limit().isPresent()) {
      double limit = settings.limit().getAsDouble();
      value = value.clip(-limit, limit);
    }
    if (!settings.straightThrough()) {
      return value;
    }
    NDArray squares = halfSquare(difference);
    return squares.sub(squares.stopGradient()).add(value.stopGradient());
  }

  private static NDArray halfSquare(NDArray difference) {
    return difference.square().mul(Gradients.constant(0.5, difference));
  }

  /**
   * Sums over the tokens of completions, added in float64, of what {@link KlPlace#REWARD} takes
   * from their rewards.
   *
   * @param sampling log-probs under the policy that sampled // [R, C]
   * @param reference log-probs under the reference model // [R, C]
   * @param live true for tokens, false for padding, boolean // [R, C]
   * @return one sum per completion // [R]
   */
  public double[] sums(NDArray sampling, NDArray reference, NDArray live) {
    NDArray difference = sampling.sub(reference);
    float[] values =
        of(NDArrays.where(live, difference, difference.zerosLike())).toFloatArray(); // [R * C]
    boolean[] isToken = live.toBooleanArray();
    int columns = (int) live.getShape().get(1);
    return IntStream.range(0, (int) live.getShape().get(0))
        .mapToDouble(row ->
            IntStream.range(row * columns, (row + 1) * columns)
                .filter(i -> isToken[i])
                .mapToDouble(i -> values[i])
                .sum())
        .toArray();
  }
}
