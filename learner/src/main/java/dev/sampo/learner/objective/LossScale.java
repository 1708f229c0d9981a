package dev.sampo.learner.objective;

/**
 * The denominators of one optimizer step. They count the whole step and are known before its first
 * micro-batch, so that the micro-batch losses, and their gradients, simply add up to those of the
 * step however it is split.
 *
 * @param aggregation how token losses become one number
 * @param numRows live completions of the step
 * @param numTokens live tokens of the step
 */
public record LossScale(Aggregation aggregation, long numRows, long numTokens) {

  /** What every token loss of a completion with this many live tokens is multiplied by. */
  public double tokenWeight(int numRowTokens) {
    return switch (aggregation) {
      case SEQUENCE_MEAN -> 1.0 / (Math.max(numRows, 1) * (double) Math.max(numRowTokens, 1));
      case TOKEN_MEAN -> 1.0 / Math.max(numTokens, 1);
    };
  }
}
