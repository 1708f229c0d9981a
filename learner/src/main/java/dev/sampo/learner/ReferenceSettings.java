package dev.sampo.learner;

/**
 * Whether the reference follows the policy (Gorbatovski et al. 2024, arXiv:2404.09656, soft
 * update).
 *
 * @param syncEvery steps from one update of the reference to the next; 0 keeps it as it was
 * @param mix share of the policy in the new reference; 1 makes it a copy
 */
public record ReferenceSettings(int syncEvery, double mix) {
  /** The reference stays the policy that the run starts from. */
  public static final ReferenceSettings FIXED = new ReferenceSettings(0, 0.6);

  public ReferenceSettings {
    if (syncEvery < 0) {
      throw new IllegalArgumentException("sync-every must be >= 0, got " + syncEvery);
    }
    if (!(mix > 0 && mix <= 1)) {
      throw new IllegalArgumentException("mix must be in (0, 1], got " + mix);
    }
  }

  /** Whether it changes at all. */
  public boolean isSynced() {
    return syncEvery > 0;
  }
}
