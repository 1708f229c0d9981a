package dev.sampo.protocol;

import java.util.List;

/**
 * One answer of the policy.
 *
 * @param tokens the sampled tokens, the end token included // [C]
 * @param logProbs behaviour log-prob of every token // [C]
 * @param versions which policy sampled which tokens, in order; the first span starts at 0
 * @param stop why it ended
 * @param text the tokens decoded without special tokens
 */
public record Completion(
    TokenIds tokens, LogProbs logProbs, List<VersionSpan> versions, StopReason stop, String text) {
  public Completion {
    versions = List.copyOf(versions);
    if (tokens.length() == 0 || tokens.length() != logProbs.length()) {
      throw new IllegalArgumentException(
          "a completion has one log-prob per token and at least one token, got "
              + tokens.length()
              + " tokens and "
              + logProbs.length()
              + " log-probs");
    }
    if (versions.isEmpty() || versions.getFirst().from() != 0) {
      throw new IllegalArgumentException("the first version span starts at token 0: " + versions);
    }
  }

  /** The optimizer step of the oldest policy that sampled a token here. */
  public long oldestStep() {
    long oldest = Long.MAX_VALUE; // asked often: what waits for the learner is ordered by it
    for (VersionSpan span : versions) {
      oldest = Math.min(oldest, span.version().step());
    }
    return oldest;
  }
}
