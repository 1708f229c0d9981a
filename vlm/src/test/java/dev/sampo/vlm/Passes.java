package dev.sampo.vlm;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Training passes with losses that are sums over rows. */
public final class Passes {
  /** Temperature 1, logits of all tokens at once. */
  public static final TrainingPass PLAIN = new TrainingPass(1, false, false, Integer.MAX_VALUE);

  private Passes() {}

  /**
   * Adds the gradients of a function of log-probs.
   *
   * @return the loss
   */
  public static double backward(
      VisionLanguageModel model, PrefixTree tree, UnaryOperator<NDArray> loss) {
    var total = new double[1];
    model.backward(
        tree,
        PLAIN,
        (_, rows) -> {
          NDArray part = loss.apply(rows.logProbs());
          total[0] += part.getFloat();
          return Optional.of(part);
        });
    return total[0];
  }

  /** Log-probs as a pass sees them, row by row. */
  public static float[] logProbs(VisionLanguageModel model, PrefixTree tree, TrainingPass pass) {
    List<float[]> blocks = new ArrayList<>();
    model.backward(
        tree,
        pass,
        (_, rows) -> {
          blocks.add(rows.logProbs().toFloatArray());
          return Optional.of(rows.logProbs().sum());
        });
    var all = new float[tree.numRows() * tree.maxBranchLength()];
    int at = 0;
    for (float[] block : blocks) {
      System.arraycopy(block, 0, all, at, block.length);
      at += block.length;
    }
    return Arrays.copyOf(all, at);
  }
}
