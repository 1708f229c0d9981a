package dev.sampo.tasks.rec;

import dev.sampo.tasks.rec.RecSplit.Answers;
import dev.sampo.tasks.rec.RecSplit.Questions;
import dev.sampo.tasks.scene.SceneSettings;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a synthetic referring-expression data set holds. Equal settings give equal bytes. A row
 * depends on the seed, the split and its number only, so that more rows begin with the same rows.
 *
 * @param seed of everything random in it
 * @param scenes what the images look like
 * @param splits the files
 */
public record RecDataSettings(long seed, SceneSettings scenes, List<RecSplit> splits) {
  /** Share of demonstrated questions about looks; the others are about places. */
  private static final double ATTRIBUTE_SHARE = 0.15;

  private static final int TRAINING_ROWS_PER_IMAGE = 2;

  public RecDataSettings {
    splits = List.copyOf(splits);
    Set<String> names = new HashSet<>();
    for (RecSplit split : splits) {
      if (!names.add(split.name())) {
        throw new IllegalArgumentException("two splits have the name " + split.name());
      }
    }
  }

  /**
   * Data for reinforcement learning: {@code train}, the same in {@code id}, questions that only
   * demonstrations ask in {@code attr}, and three splits outside of the domain: unseen pairs of
   * colour and shape, an unseen form of relation, more objects.
   *
   * @param trainRows rows of {@code train}
   * @param evaluationRows rows of every other split
   */
  public static RecDataSettings forTraining(int trainRows, int evaluationRows, long seed) {
    int n = evaluationRows;
    Questions places = new Questions.Trained(0);
    Questions looks = new Questions.Trained(1);
    Answers boxes = new Answers.Boxes();
    return new RecDataSettings(
        seed,
        SceneSettings.STANDARD,
        List.of(
            new RecSplit("train", trainRows, TRAINING_ROWS_PER_IMAGE, 3, 4, places, boxes),
            new RecSplit("id", n, 1, 3, 4, places, boxes),
            new RecSplit("attr", n, 1, 3, 4, looks, boxes),
            new RecSplit("ood_combo", n, 1, 3, 4, new Questions.UnseenLook(), boxes),
            new RecSplit("ood_rel", n, 1, 3, 4, new Questions.UnseenForm(), boxes),
            new RecSplit("ood_many", n, 1, 5, 6, places, boxes)));
  }

  /**
   * Demonstrations for the warm start, from one object to the full scenes, then answers most of
   * which are off in convention: {@code sft_one}, {@code sft_two}, {@code sft_full}, {@code
   * sft_shift}.
   *
   * @param images scenes of {@code sft_full}, the largest file; the others have one half, three
   *     eighths and one quarter of them. At least 8.
   */
  public static RecDataSettings forWarmStart(int images, long seed) {
    if (images < 8) {
      throw new IllegalArgumentException("images must be >= 8, got " + images);
    }
    int two = images * 3 / 8;
    int shift = images / 4;
    Questions trained = new Questions.Trained(ATTRIBUTE_SHARE);
    Answers clean = new Answers.Demonstrations(0, 0);
    Answers off = new Answers.Demonstrations(0.5, 0.2);
    return new RecDataSettings(
        seed,
        SceneSettings.STANDARD,
        List.of(
            new RecSplit("sft_one", images / 2, 1, 1, 1, trained, clean),
            new RecSplit("sft_two", 2 * two, 2, 2, 2, trained, clean),
            new RecSplit("sft_full", 4 * images, 4, 3, 4, trained, clean),
            new RecSplit("sft_shift", 4 * shift, 4, 3, 4, trained, off)));
  }

  /** Rows of all splits. */
  public int numRows() {
    return splits.stream().mapToInt(RecSplit::numRows).sum();
  }
}
