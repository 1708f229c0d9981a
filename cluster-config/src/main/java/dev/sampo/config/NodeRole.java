package dev.sampo.config;

/**
 * What a node of the cluster does. One node may have several roles; a run needs the first three.
 */
public enum NodeRole {
  /** Reads the data, grants leases, buffers experience, trains and publishes weights. */
  LEARNER,
  /** Scores groups. */
  REWARD,
  /** Generates groups. */
  ROLLOUT,
  /** Measures a pinned version of the policy on the evaluation splits. */
  EVAL,
  /** Serves health, metrics and the live page. */
  FRONTEND
}
