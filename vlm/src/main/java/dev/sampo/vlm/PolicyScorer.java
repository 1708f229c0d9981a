package dev.sampo.vlm;

import ai.djl.ndarray.NDManager;

/** What says how likely a policy finds given tokens. */
@FunctionalInterface
public interface PolicyScorer {
  /**
   * Scores the branches of a tree without gradients, whether or not the calling thread records
   * them. Each prompt and each distinct image passes the network once; prompts share an image if
   * they hold the same {@link ImagePatches} values.
   *
   * @param temperature divides the logits before the softmax, as in sampling
   * @param scope owns the result
   * @throws IllegalArgumentException if the tree has no branches, or a prompt does not fit its
   *     images or the positions that the model knows
   */
  BranchScores score(PrefixTree tree, double temperature, NDManager scope);
}
