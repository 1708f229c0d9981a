package dev.sampo.reward;

import dev.sampo.protocol.RewardOutcome;

/**
 * Judges one completion. Implementations are safe for several threads and stop when they are
 * interrupted; whatever they throw counts as a failure of this one judgement.
 */
public interface RewardFunction {
  /** The name used in settings and in metric names. */
  String name();

  /**
   * Judges a completion.
   *
   * @return a score, or that this row cannot be scored by this function
   * @throws Exception when the judgement failed, which the pipeline may retry
   */
  RewardOutcome score(RewardInput input) throws Exception;
}
