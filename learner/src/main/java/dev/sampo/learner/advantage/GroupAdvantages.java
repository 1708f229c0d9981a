package dev.sampo.learner.advantage;

import java.util.List;
import java.util.Optional;

/**
 * The advantages of a group with the moments that filters look at: of the scores with the penalty
 * of long completions, without what a divergence takes from them.
 *
 * @param values one per completion; 0 for those without a score // [G]
 * @param uses what becomes of each completion
 * @param mean mean of the scores; 0 when there is none
 * @param std standard deviation of the scores; 0 for fewer than two
 * @param numScored completions with a score
 * @param leftOut why the whole group is left out of the update; empty when it is not
 */
@SuppressWarnings("ArrayRecordComponent") // made for the record, then only read
public record GroupAdvantages(
    double[] values,
    List<CompletionUse> uses,
    double mean,
    double std,
    int numScored,
    Optional<LeftOut> leftOut) {
  public GroupAdvantages {
    uses = List.copyOf(uses);
  }

  /** The same with every completion that counts trained on. */
  public GroupAdvantages unmasked() {
    return new GroupAdvantages(
        values,
        uses.stream().map(use -> use == CompletionUse.MASKED ? CompletionUse.LIVE : use).toList(),
        mean,
        std,
        numScored,
        leftOut);
  }

  /** Whether the group says nothing about what is better: no two scores differ. */
  public boolean hasZeroVariance() {
    return std == 0;
  }
}
