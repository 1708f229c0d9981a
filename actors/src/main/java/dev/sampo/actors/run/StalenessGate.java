package dev.sampo.actors.run;

/**
 * How old a group may be when the learner takes it, and how many groups may exist so that none gets
 * older. Ages count optimizer steps: learner step minus the step of the group's oldest token.
 *
 * <p>At optimizer step {@code s} a run may hold {@code (maxStaleness + s + 1) * groupsPerStep}
 * groups that are trained, accepted or running (AReaL, arXiv:2505.24298, equation 3). With a bound
 * of 0 that is exactly the groups of the next step: the synchronous algorithm.
 *
 * @param maxStaleness largest age at which a group is learned from, in optimizer steps
 * @param groupsPerStep groups of one optimizer step
 * @param steps optimizer steps of the run; no group is generated that none of them would need
 */
public record StalenessGate(int maxStaleness, int groupsPerStep, long steps) {
  public StalenessGate {
    if (maxStaleness < 0) {
      throw new IllegalArgumentException("staleness.max must be >= 0, got " + maxStaleness);
    }
    if (groupsPerStep < 1) {
      throw new IllegalArgumentException("groups-per-step must be >= 1, got " + groupsPerStep);
    }
    if (steps < 1) {
      throw new IllegalArgumentException("steps must be >= 1, got " + steps);
    }
  }

  /**
   * How many more groups may be leased.
   *
   * @param step optimizer steps taken
   * @param accepted groups trained or accepted
   * @param running groups leased
   */
  public long quota(long step, long accepted, long running) {
    return Math.max(0, capacity(step, accepted, running));
  }

  /** As {@link #quota}, below 0 by as many groups as there are too many. */
  public long capacity(long step, long accepted, long running) {
    return Math.min(maxStaleness + step + 1, steps) * groupsPerStep - accepted - running;
  }

  /**
   * The oldest weights that may start a group so that it is young enough when its turn comes.
   *
   * @param position groups trained, accepted or running before it
   */
  public long minimumStep(long position) {
    return Math.max(0, position / groupsPerStep - maxStaleness);
  }

  /**
   * Whether a group with this oldest token may no longer be learned from at {@code learnerStep}.
   */
  public boolean isTooOld(long oldestStep, long learnerStep) {
    return learnerStep - oldestStep > maxStaleness;
  }

  /** Whether taking the step after {@code learnerStep} would make such a group too old. */
  public boolean wouldOutgrow(long oldestStep, long learnerStep) {
    return isTooOld(oldestStep, learnerStep + 1);
  }
}
