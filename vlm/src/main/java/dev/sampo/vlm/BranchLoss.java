package dev.sampo.vlm;

import ai.djl.ndarray.NDArray;
import java.util.Optional;

/** A loss that is a sum over the branches of a tree. */
@FunctionalInterface
public interface BranchLoss {
  /**
   * The terms of some consecutive branches.
   *
   * @param firstRow the first of them among the branches of the tree
   * @param rows their scores; log-probs carry gradients, entropies if the pass asks for it // [r,
   *     C]
   * @return a float32 scalar on the manager of the log-probs; empty to give up the pass
   */
  Optional<NDArray> of(int firstRow, BranchScores rows);
}
