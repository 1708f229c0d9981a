package dev.sampo.tasks.eval;

import dev.sampo.protocol.ImageGrid;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.Prompt;
import dev.sampo.tasks.rec.Box;
import dev.sampo.tasks.rec.RecAnswer;
import java.util.List;
import java.util.Optional;

/**
 * What one answer to a referring expression is worth. Training and evaluation read answers with the
 * same rules, so that a gain in one is a gain in the other.
 *
 * @param iou intersection over union with the true box, 0 without a box
 * @param wellFormed whether the answer has the form that was asked for
 */
public record RecVerdict(double iou, boolean wellFormed) {
  private static final double HIT = 0.5;

  /**
   * Judges an answer.
   *
   * @param grids the patch grids of the prompt's images as the model saw them
   * @return empty when the prompt has no image or no true box
   */
  public static Optional<RecVerdict> of(Prompt prompt, List<ImageGrid> grids, String completion) {
    Optional<Box> truth = RecAnswer.reference(prompt.solution());
    if (truth.isEmpty() || prompt.images().isEmpty() || grids.isEmpty()) {
      return Optional.empty();
    }
    ImageRef image = prompt.images().getFirst();
    double iou =
        RecAnswer.predicted(completion)
            .map(box -> RecAnswer.toOriginal(box, image.width(), image.height(), grids.getFirst()))
            .map(box -> box.iou(truth.get()))
            .orElse(0.0);
    return Optional.of(new RecVerdict(iou, RecAnswer.isWellFormed(completion)));
  }

  /** Whether it counts as correct: strictly more than one half, as the benchmarks have it. */
  public boolean isHit() {
    return iou > HIT;
  }
}
