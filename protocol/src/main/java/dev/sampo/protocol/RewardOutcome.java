package dev.sampo.protocol;

/** What one reward function said of one completion. A failure is never a silent 0. */
public sealed interface RewardOutcome {

  /** The function returned a finite value. */
  record Scored(double value) implements RewardOutcome {
    public Scored {
      if (!Double.isFinite(value)) {
        throw new IllegalArgumentException("a reward is finite, got " + value);
      }
    }
  }

  /** The function threw, timed out or returned something that is not a finite number. */
  record Failed(String reason) implements RewardOutcome {}

  /** The function says that this row cannot be scored, for example without a reference answer. */
  record Unscorable(String reason) implements RewardOutcome {}
}
