package dev.sampo.vlm.decoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import dev.sampo.vlm.BranchLoss;
import dev.sampo.vlm.BranchScores;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.GenerationCache;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.TrainingPass;
import dev.sampo.vlm.ops.DecoderOps;
import dev.sampo.vlm.ops.Gradients;
import dev.sampo.vlm.ops.NetworkWeights;
import java.util.List;

/** The language model of a vision-language model, which all families here have in common. */
public final class Decoder {
  private final DecoderSettings settings;
  private final NetworkWeights weights;
  private final PromptImages images;

  public Decoder(DecoderSettings settings, NetworkWeights weights, PromptImages images) {
    this.settings = settings;
    this.weights = weights;
    this.images = images;
  }

  /** See {@link dev.sampo.vlm.PolicyScorer#score}. */
  public BranchScores score(PrefixTree tree, double temperature, NDManager scope) {
    check(tree);
    try (NDManager inner = scope.newSubManager()) {
      List<EncodedPrompt> prompts = tree.groups().stream().map(PrefixTree.Group::prompt).toList();
      DecoderOps.Tree arrays =
          new TreeLayout(tree).arrays(images.encode(prompts, inner), settings, inner);
      DecoderOps.Targets targets =
          new BranchTargets(tree).arrays(temperature, settings.vocabularySize(), inner);
      NDList result = DecoderOps.score(inner, weights, arrays, targets);
      // What inference mode makes cannot enter a recorded loss; copies can.
      var copies = new NDList(result.stream().map(NDArray::duplicate).toList());
      copies.attach(scope);
      return new BranchScores(copies.get(0), copies.get(1), copies.get(2));
    }
  }

  /** See {@link dev.sampo.vlm.VisionLanguageModel#backward}; {@code parent} outlives the pass. */
  public boolean backward(PrefixTree tree, TrainingPass pass, BranchLoss loss, NDManager parent) {
    check(tree);
    try (NDManager scope = parent.newSubManager();
        GradientCollector _ = Gradients.collect()) {
      return new TreePass(settings, weights, images, tree, pass, scope).run(loss);
    }
  }

  private void check(PrefixTree tree) {
    if (tree.numRows() == 0) {
      throw new IllegalArgumentException("nothing to score: the tree has no branches");
    }
    tree.groups().forEach(this::checkPositions);
  }

  private void checkPositions(PrefixTree.Group group) {
    int longest = group.branches().stream().mapToInt(branch -> branch.length).max().orElse(0);
    settings.requirePosition(group.prompt().nextPosition() + longest - 1);
  }

  /** See {@link dev.sampo.vlm.VisionLanguageModel#newCache}; {@code parent} owns the storage. */
  public GenerationCache newCache(GenerationCache.Capacity capacity, NDManager parent) {
    return new DecoderCache(settings, weights, images, capacity, parent);
  }
}
