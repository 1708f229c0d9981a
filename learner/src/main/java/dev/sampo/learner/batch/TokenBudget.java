package dev.sampo.learner.batch;

import java.util.ArrayList;
import java.util.List;

/** Packs consecutive items into micro-batches of bounded size. */
public final class TokenBudget {
  private TokenBudget() {}

  /**
   * Packs greedily, in order: a micro-batch takes the next item while it stays within the budget;
   * an item that exceeds it alone is a micro-batch of its own.
   *
   * @param numTokens size of each item
   * @param budget size of a micro-batch
   * @return how many consecutive items go into each micro-batch
   */
  public static List<Integer> pack(List<Long> numTokens, long budget) {
    List<Integer> packing = new ArrayList<>();
    long open = 0;
    for (long tokens : numTokens) {
      if (!packing.isEmpty() && open + tokens <= budget) {
        packing.set(packing.size() - 1, packing.getLast() + 1);
        open += tokens;
      } else {
        packing.add(1);
        open = tokens;
      }
    }
    return packing;
  }
}
