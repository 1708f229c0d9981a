package dev.sampo.rollout;

import ai.djl.ndarray.NDManager;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.vlm.BranchScores;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.VisionLanguageModel;
import java.util.List;

/**
 * How well the two ways through the network agree about the same weights: the log-probs that
 * sampling reported against those that scoring, which training uses, gives for the same tokens.
 *
 * @param k3 mean of {@code exp(d) - 1 - d} with {@code d} = scored - sampled; 0 when equal
 * @param maxAbs largest {@code |d|}
 * @param numTokens tokens compared
 */
public record Agreement(double k3, double maxAbs, int numTokens) {

  /** Whether one version sampled every token of the group, so that it can be measured. */
  public static boolean canBeMeasured(CompletionGroup group, PolicyVersion version) {
    return !group.sampling().isGreedy()
        && group.completions().stream()
            .allMatch(completion ->
                completion.versions().size() == 1
                    && completion.versions().getFirst().version().equals(version));
  }

  /**
   * Scores a group with the weights that sampled it.
   *
   * @param prompt the group's prompt as the model took it
   */
  public static Agreement measure(
      VisionLanguageModel model, EncodedPrompt prompt, CompletionGroup group) {
    List<int[]> branches =
        group.completions().stream().map(completion -> completion.tokens().toArray()).toList();
    var tree = new PrefixTree(List.of(new PrefixTree.Group(prompt, branches)));
    float[] scored; // [G, C]
    try (NDManager scope = NDManager.newBaseManager(model.device())) {
      BranchScores scores = model.score(tree, group.sampling().temperature(), scope);
      scored = scores.logProbs().toFloatArray();
    }
    int width = tree.maxBranchLength();
    double sum = 0;
    double largest = 0;
    for (int row = 0; row < branches.size(); row++) {
      Completion completion = group.completions().get(row);
      for (int position = 0; position < completion.tokens().length(); position++) {
        double difference = scored[row * width + position] - completion.logProbs().get(position);
        sum += Math.exp(difference) - 1 - difference;
        largest = Math.max(largest, Math.abs(difference));
      }
    }
    return new Agreement(sum / group.numSampledTokens(), largest, group.numSampledTokens());
  }
}
