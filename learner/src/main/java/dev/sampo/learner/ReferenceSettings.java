package dev.sampo.learner;

import dev.sampo.learner.option.Rules;

/**
 * Whether the reference follows the policy (Gorbatovski et al. 2024, arXiv:2404.09656, soft
 * update). It is computed in the type of the weights: in bfloat16 what the policy has moved away by
 * counts as far as {@code mix} of it is at least half a unit in the last place of the reference,
 * 2^-9 of a weight, so that a small mix rounds small movements away.
 *
 * @param syncEvery steps from one update of the reference to the next; 0 keeps it as it was
 * @param mix share of the policy in the new reference; 1 makes it a copy
 */
public record ReferenceSettings(int syncEvery, double mix) {
  /** The reference stays the policy that the run starts from. */
  public static final ReferenceSettings FIXED = new ReferenceSettings(0, 0.6);

  public ReferenceSettings {
    Rules.require(syncEvery >= 0, "sync-every", ">= 0", syncEvery);
    Rules.require(mix > 0 && mix <= 1, "mix", "in (0, 1]", mix);
  }

  /** Whether it changes at all. */
  public boolean isSynced() {
    return syncEvery > 0;
  }
}
