package dev.sampo.learner.objective;

/**
 * The denominators of one update. They count the whole update and are known before its first
 * micro-batch, so that the micro-batch losses, and their gradients, simply add up to those of the
 * update however it is split.
 *
 * @param aggregation how token losses become one number
 * @param numRows completions that count
 * @param numLiveRows those of them with a live token
 * @param numPrompts prompts of the completions that count
 * @param numTokens live tokens; a share of them where several processes share an update
 * @param fixedLength the length of {@link AggregationKind#FIXED_LENGTH}
 */
public record LossScale(
    Aggregation aggregation,
    long numRows,
    long numLiveRows,
    long numPrompts,
    double numTokens,
    double fixedLength) {
  /** verl's guard where empty completions are left out, kept so that numbers can be compared. */
  static final double EMPTY_GUARD = 1e-8;

  /**
   * What every token loss of a completion is multiplied by.
   *
   * @param numRowTokens live tokens of the completion
   * @param numPromptTokens live tokens of all completions of its prompt
   */
  public double tokenWeight(int numRowTokens, long numPromptTokens) {
    return switch (aggregation.kind()) {
      case SEQUENCE_MEAN ->
          aggregation.countEmpty()
              ? 1 / (rows() * Math.max(numRowTokens, 1))
              : 1 / (rows() * (numRowTokens + EMPTY_GUARD));
      case SEQUENCE_SUM -> 1 / rows();
      case FIXED_LENGTH -> 1 / (rows() * fixedLength);
      case PROMPT_MEAN -> 1 / (Math.max(numPrompts, 1) * (double) Math.max(numPromptTokens, 1));
      case TOKEN_MEAN -> 1 / tokens();
      case TOKEN_SUM -> 1;
    };
  }

  /**
   * What the entropy of every live token is multiplied by: the mean over all live tokens, so that
   * one bonus has the same strength under every aggregation.
   */
  public double entropyWeight(double bonus) {
    return bonus / tokens();
  }

  private double rows() {
    return Math.max(aggregation.countEmpty() ? numRows : numLiveRows, 1);
  }

  private double tokens() {
    return numTokens > 0 ? numTokens : 1;
  }
}
