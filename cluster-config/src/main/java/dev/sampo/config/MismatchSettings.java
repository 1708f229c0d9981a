package dev.sampo.config;

/**
 * How far rollout and learner may disagree about the same weights.
 *
 * @param max largest mean k3 divergence between their log-probs of one step's tokens; beyond it the
 *     run stops
 */
public record MismatchSettings(double max) {
  public MismatchSettings {
    Require.that(max > 0 && Double.isFinite(max), "max", "> 0", max);
  }
}
