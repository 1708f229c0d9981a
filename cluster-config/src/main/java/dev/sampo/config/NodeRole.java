package dev.sampo.config;

/** What a node of the cluster does. One node may have several roles; a run needs them all. */
public enum NodeRole {
  /** Reads the data, grants leases, buffers experience, trains and publishes weights. */
  LEARNER,
  /** Scores groups. */
  REWARD,
  /** Generates groups. */
  ROLLOUT
}
