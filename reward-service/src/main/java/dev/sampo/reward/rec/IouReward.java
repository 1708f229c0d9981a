package dev.sampo.reward.rec;

import dev.sampo.protocol.RewardOutcome;
import dev.sampo.reward.RewardFunction;
import dev.sampo.reward.RewardInput;
import dev.sampo.tasks.rec.Box;
import dev.sampo.tasks.rec.RecAnswer;
import java.util.Optional;

/**
 * How well the predicted box covers the true one: soft intersection over union, {@code iou_reward}
 * of VLM-R1. The box of a model that counts in pixels of what it saw is scaled back to pixels of
 * the first image before it is compared. No box in the answer scores 0.
 */
public final class IouReward implements RewardFunction {
  @Override
  public String name() {
    return "iou";
  }

  @Override
  public RewardOutcome score(RewardInput input) {
    Optional<Box> truth = RecAnswer.reference(input.solution());
    if (truth.isEmpty()) {
      return new RewardOutcome.Unscorable(
          "the solution is no JSON list of 4 numbers in answer tags: " + input.solution());
    }
    if (input.images().isEmpty()) {
      return new RewardOutcome.Unscorable("a box needs an image and the row has none");
    }
    RewardInput.ImageFrame image = input.images().getFirst();
    double iou =
        RecAnswer.predicted(input.completion())
            .map(box -> RecAnswer.toOriginal(box, image.width(), image.height(), image.grid()))
            .map(box -> box.iou(truth.get()))
            .orElse(0.0);
    return new RewardOutcome.Scored(iou);
  }
}
