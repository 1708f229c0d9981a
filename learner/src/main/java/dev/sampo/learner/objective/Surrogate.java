package dev.sampo.learner.objective;

/** How a ratio and an advantage become the loss of a token. */
public enum Surrogate {
  /** {@code -min(r A, clip(r) A)} with the bounds of {@link ClipSettings} (PPO, GRPO). */
  CLIP,
  /**
   * {@code -sg(clamp(r)) A p} with the bounds of {@link WeightBounds} (CISPO, clamped REINFORCE).
   */
  CISPO,
  /** {@code -r A}: importance weighting alone. */
  UNCLIPPED
}
