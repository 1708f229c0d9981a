package dev.sampo.reward.rec;

import dev.sampo.protocol.RewardOutcome;
import dev.sampo.reward.RewardFunction;
import dev.sampo.reward.RewardInput;
import dev.sampo.tasks.rec.RecAnswer;

/**
 * 1 when the completion holds a think block, then an answer block with a box in braces, else 0:
 * {@code format_reward_rec} of VLM-R1 for Qwen models. See {@link RecAnswer#isWellFormed}.
 */
public final class RecFormatReward implements RewardFunction {
  @Override
  public String name() {
    return "rec-format";
  }

  @Override
  public RewardOutcome score(RewardInput input) {
    return new RewardOutcome.Scored(RecAnswer.isWellFormed(input.completion()) ? 1 : 0);
  }
}
