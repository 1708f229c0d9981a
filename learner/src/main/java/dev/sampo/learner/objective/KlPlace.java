package dev.sampo.learner.objective;

/** Where the divergence from the reference model is added. */
public enum KlPlace {
  /** To the loss of every token, with its gradient (GRPO). */
  LOSS,
  /**
   * To the reward of a completion, as a constant: {@code beta} times its sum over the tokens is
   * taken from the reward before there are advantages (RLOO; REINFORCE with a reference).
   */
  REWARD
}
