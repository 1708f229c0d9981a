package dev.sampo.learner.objective;

import dev.sampo.learner.option.Rules;

/**
 * What the entropy of a token's distribution does.
 *
 * @param bonus the loss falls by {@code bonus} times the mean entropy over the live tokens of the
 *     update, whatever the aggregation
 * @param topShare share of the live tokens of the update, those with the largest entropies, that
 *     keep their policy term; 1 keeps all (Wang et al. 2025, arXiv:2506.01939)
 */
public record EntropySettings(double bonus, double topShare) {
  /** No part in the loss. */
  public static final EntropySettings NONE = new EntropySettings(0, 1);

  public EntropySettings {
    Rules.require(bonus >= 0 && Double.isFinite(bonus), "bonus", ">= 0", bonus);
    Rules.require(topShare > 0 && topShare <= 1, "top-share", "in (0, 1]", topShare);
  }
}
