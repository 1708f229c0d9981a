package dev.sampo.vlm;

/**
 * How a tree passes the network when it is trained on.
 *
 * @param temperature divides the logits before the softmax, as in sampling
 * @param entropyGradients whether entropies carry gradients
 * @param recompute whether a layer keeps its input alone and computes the rest once more in the
 *     backward pass: less memory, a third more work
 * @param logitTokens tokens whose logits exist at the same time, at least 1
 */
public record TrainingPass(
    double temperature, boolean entropyGradients, boolean recompute, int logitTokens) {
  public TrainingPass {
    if (!(temperature > 0)) {
      throw new IllegalArgumentException("temperature must be positive, got " + temperature);
    }
    if (logitTokens < 1) {
      throw new IllegalArgumentException("logitTokens must be at least 1, got " + logitTokens);
    }
  }
}
