package dev.sampo.learner.objective;

/**
 * Estimators of the divergence from the reference model (Schulman 2020, "Approximating KL
 * divergence"), with {@code d = p - q}.
 */
public enum KlEstimator {
  /** {@code d}. Its gradient has nothing to do with the reference: a choice for comparisons. */
  K1,
  /** {@code d^2 / 2}. */
  K2,
  /** {@code exp(-d) + d - 1}. */
  K3
}
