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
import java.util.Optional;

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
    try (NDManager inner = scope.newSubManager()) {
      NDList result = score(tree, temperature, false, inner, false);
      // What inference mode makes cannot enter a recorded loss; copies can.
      result = new NDList(result.stream().map(NDArray::duplicate).toList());
      result.attach(scope);
      return new BranchScores(result.get(0), result.get(1), result.get(2));
    }
  }

  /** See {@link dev.sampo.vlm.VisionLanguageModel#backward}. */
  public boolean backward(PrefixTree tree, TrainingPass pass, BranchLoss loss, NDManager parent) {
    try (NDManager scope = parent.newSubManager();
        GradientCollector collector = Gradients.collect()) {
      NDList result = score(tree, pass.temperature(), pass.entropyGradients(), scope, true);
      Optional<NDArray> total =
          loss.of(0, new BranchScores(result.get(0), result.get(1), result.get(2)));
      total.ifPresent(collector::backward);
      return total.isPresent();
    }
  }

  private NDList score(
      PrefixTree tree,
      double temperature,
      boolean entropyGradients,
      NDManager scope,
      boolean recording) {
    if (tree.numRows() == 0) {
      throw new IllegalArgumentException("nothing to score: the tree has no branches");
    }
    List<EncodedPrompt> prompts = tree.groups().stream().map(PrefixTree.Group::prompt).toList();
    tree.groups().forEach(this::checkPositions);
    var layout = new TreeLayout(tree);
    DecoderOps.Tree arrays =
        layout.arrays(images.encode(prompts, scope, recording), settings, scope);
    DecoderOps.Targets targets =
        layout.targets(temperature, entropyGradients, settings.vocabularySize(), scope);
    return DecoderOps.score(scope, weights, arrays, targets, recording);
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
