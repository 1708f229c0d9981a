package dev.sampo.learner.objective;

/** Which policy's log-probs the ratio of a token is taken to. */
public enum RatioAnchor {
  /**
   * What the rollout worker reported when it sampled the token: the ratio is the importance weight.
   */
  BEHAVIOUR,
  /** The learner's own log-probs before the updates of the batch (PPO). */
  OLD
}
