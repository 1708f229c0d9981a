package dev.sampo.protocol;

import java.util.Comparator;

/**
 * A version of the policy: what the learner published after an optimizer step.
 *
 * @param runId the run that the weights belong to
 * @param term the learner's term; a recovered learner that cannot reach its recorded weights opens
 *     a new one
 * @param step optimizer steps taken; 0 is the initial policy
 * @param weightsHash SHA-256 over all weights in name order, lower-case hex
 */
public record PolicyVersion(String runId, int term, long step, String weightsHash) {
  /** In the order of a run's history: a later term goes before more steps of an earlier one. */
  public static final Comparator<PolicyVersion> IN_HISTORY =
      Comparator.comparingInt(PolicyVersion::term).thenComparingLong(PolicyVersion::step);

  public PolicyVersion {
    if (term < 1 || step < 0) {
      throw new IllegalArgumentException(
          "a policy version has term >= 1 and step >= 0, got term " + term + ", step " + step);
    }
  }

  /** Optimizer steps from this version to {@code learnerStep}: the age of a token it sampled. */
  public long ageAt(long learnerStep) {
    return learnerStep - step;
  }
}
