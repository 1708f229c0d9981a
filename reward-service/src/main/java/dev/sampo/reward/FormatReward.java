package dev.sampo.reward;

import dev.sampo.protocol.RewardOutcome;
import dev.sampo.tasks.AnswerText;

/**
 * 1 when the whole completion is a think block followed by an answer block, else 0: {@code
 * format_reward} of VLM-R1. Not even a line break may follow.
 */
public final class FormatReward implements RewardFunction {
  @Override
  public String name() {
    return "format";
  }

  @Override
  public RewardOutcome score(RewardInput input) {
    return new RewardOutcome.Scored(AnswerText.isThinkThenAnswer(input.completion()) ? 1 : 0);
  }
}
