package dev.sampo.learner.optimizer;

import dev.sampo.learner.option.Rules;

/**
 * Constants of AdamW.
 *
 * @param weightDecay decoupled decay; parameters with one axis, norms and biases, have none
 * @param beta1 decay of the mean of the gradients
 * @param beta2 decay of the mean of their squares
 * @param epsilon added to the root of that mean
 * @param maxGradNorm gradients longer than this are scaled down to it; 0 leaves them as they are
 */
public record AdamWSettings(
    double weightDecay, double beta1, double beta2, double epsilon, double maxGradNorm) {
  public AdamWSettings {
    Rules.require(
        weightDecay >= 0 && Double.isFinite(weightDecay), "weight-decay", ">= 0", weightDecay);
    Rules.require(beta1 >= 0 && beta1 < 1, "beta1", "in [0, 1)", beta1);
    Rules.require(beta2 >= 0 && beta2 < 1, "beta2", "in [0, 1)", beta2);
    Rules.require(epsilon > 0 && Double.isFinite(epsilon), "epsilon", "> 0", epsilon);
    Rules.require(
        maxGradNorm >= 0 && Double.isFinite(maxGradNorm), "max-grad-norm", ">= 0", maxGradNorm);
  }
}
