package dev.sampo.learner.advantage;

import dev.sampo.learner.option.Rules;
import java.util.OptionalInt;

/**
 * What a long completion loses: {@code -factor (n - (longest - buffer)) / buffer} for a completion
 * of {@code n} tokens beyond {@code longest - buffer} (DAPO, arXiv:2503.14476, equation 13).
 *
 * @param buffer tokens before the longest length over which the penalty grows; 0 means that there
 *     is none
 * @param factor the penalty at the longest length
 * @param longest the longest length; empty takes the longest completion that sampling allows
 * @param bounded whether it stops growing at {@code factor} (TRL), or not (verl)
 */
public record OverlongPenalty(int buffer, double factor, OptionalInt longest, boolean bounded) {
  /** No penalty. */
  public static final OverlongPenalty NONE = new OverlongPenalty(0, 1, OptionalInt.empty(), true);

  public OverlongPenalty {
    Rules.require(buffer >= 0, "buffer", ">= 0", buffer);
    Rules.require(factor > 0 && Double.isFinite(factor), "factor", "> 0", factor);
    Rules.require(
        longest.orElse(Integer.MAX_VALUE) > buffer,
        "longest",
        "> buffer (" + buffer + ")",
        longest.orElse(0));
    if (buffer == 0) {
      String none = " where buffer is 0: there is no penalty";
      Rules.require(longest.isEmpty(), "longest", "left out" + none, longest.orElse(0));
      Rules.require(bounded, "bounded", "true" + none, bounded);
    }
  }

  public boolean isPresent() {
    return buffer > 0;
  }

  /**
   * What is added to the score of a completion.
   *
   * @param length its tokens
   * @param longestSampled the longest completion that sampling allows
   * @return 0 or less
   */
  public double of(int length, int longestSampled) {
    if (!isPresent()) {
      return 0;
    }
    double over = length - (longest.orElse(longestSampled) - buffer);
    double share = Math.max(0, over / buffer);
    return -factor * (bounded ? Math.min(share, 1) : share) + 0.0; // + 0.0: no negative zero
  }
}
