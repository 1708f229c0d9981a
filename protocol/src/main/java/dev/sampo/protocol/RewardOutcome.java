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

  /**
   * The function threw, timed out or returned something that is not a finite number.
   *
   * @param worksElsewhere whether it scored another completion right after, so that the fault lies
   *     in this one; otherwise the function itself may be out of order, and work the next time
   */
  record Failed(String reason, boolean worksElsewhere) implements RewardOutcome {
    /** A failure of which nobody knows whether it is the function's. */
    public Failed(String reason) {
      this(reason, false);
    }
  }

  /** The function says that this row cannot be scored, for example without a reference answer. */
  record Unscorable(String reason) implements RewardOutcome {}
}
