package dev.sampo.rollout;

import dev.sampo.vlm.prompt.VlmProcessor;
import java.util.Set;
import java.util.function.Function;

/**
 * What generation must know of a tokenizer.
 *
 * @param endTokens tokens that end a completion; they belong to it
 * @param text the text of tokens, special tokens left out
 */
public record AnswerTokens(Set<Integer> endTokens, Function<int[], String> text) {
  public AnswerTokens {
    endTokens = Set.copyOf(endTokens);
    if (endTokens.isEmpty()) {
      throw new IllegalArgumentException("generation needs at least 1 end token");
    }
  }

  /** Those of a checkpoint. */
  public static AnswerTokens of(VlmProcessor processor) {
    return new AnswerTokens(processor.endTokens(), processor::decode);
  }
}
