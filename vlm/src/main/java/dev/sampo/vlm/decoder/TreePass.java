package dev.sampo.vlm.decoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.BranchLoss;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.TrainingPass;
import dev.sampo.vlm.ops.DecoderOps;
import dev.sampo.vlm.ops.Gradients;
import dev.sampo.vlm.ops.LayerChain;
import dev.sampo.vlm.ops.LayerSeeds;
import dev.sampo.vlm.ops.NetworkWeights;
import dev.sampo.vlm.ops.TrainingOps;
import java.util.List;
import java.util.Optional;

/**
 * One tree, forwards and backwards: the layers up to the hidden states, {@link HeadPass} from there
 * to the loss and back, and then all layers back in one go.
 */
final class TreePass {
  private static final int FIRST_LAYER = 3;
  private static final int PER_LAYER = 12;

  private final DecoderSettings settings;
  private final NetworkWeights weights;
  private final PromptImages images;
  private final PrefixTree tree;
  private final TrainingPass pass;
  private final NDManager scope;

  /**
   * A pass.
   *
   * @param scope owns everything made
   */
  TreePass(
      DecoderSettings settings,
      NetworkWeights weights,
      PromptImages images,
      PrefixTree tree,
      TrainingPass pass,
      NDManager scope) {
    this.settings = settings;
    this.weights = weights;
    this.images = images;
    this.tree = tree;
    this.pass = pass;
    this.scope = scope;
  }

  /** Runs it; false if the loss gave up. */
  boolean run(BranchLoss loss) {
    LayerSeeds seeds = LayerSeeds.draw(settings.numLayers() + 1, weights, scope);
    try {
      return run(loss, seeds);
    } finally {
      seeds.leave();
    }
  }

  private boolean run(BranchLoss loss, LayerSeeds seeds) {
    List<EncodedPrompt> prompts = tree.groups().stream().map(PrefixTree.Group::prompt).toList();
    PromptImages.Recorded pictures = images.record(prompts, scope, pass.recompute());
    ImageFeatures features = pictures.features();
    DecoderOps.Tree arrays = new TreeLayout(tree).arrays(features, settings, scope);
    TrainingOps.Start start = TrainingOps.start(scope, weights, arrays);
    NDArray embedded = start.embedded();
    boolean trainsEmbedding = weights.arrays().getFirst().hasGradient();
    embedded.setRequiresGradient(trainsEmbedding || pictures.wayBack().isPresent());

    var layers =
        new LayerChain(
            settings.numLayers(),
            firstTrained(),
            (layer, x) -> TrainingOps.layer(scope, weights, arrays, start.frame(), x, layer),
            pass.recompute(),
            seeds);
    var targets = new BranchTargets(tree);
    NDArray hidden =
        TrainingOps.end(
            scope,
            weights,
            layers.forward(embedded),
            scope.create(targets.source()),
            settings.normEpsilon());
    int piece = BranchTargets.tokensAtATime(settings.vocabularySize(), scope);
    var head = new HeadPass(weights, targets, pass, piece, seeds, settings.numLayers());
    Optional<NDArray> gradient = head.run(hidden, loss, scope);
    if (gradient.isEmpty()) {
      return false;
    }
    if (Gradients.isRecorded(hidden)) {
      layers.backward(hidden, gradient.orElseThrow());
    }
    if (embedded.hasGradient()) {
      NDArray ofEmbedded = Gradients.of(embedded, scope).orElseThrow();
      pictures
          .wayBack()
          .ifPresent(back -> back.accept(TrainingOps.featureGradient(scope, arrays, ofEmbedded)));
      if (trainsEmbedding) {
        TrainingOps.addEmbeddingGradient(scope, weights, arrays, ofEmbedded);
      }
    }
    return true;
  }

  private int firstTrained() {
    int layer = 0;
    while (layer < settings.numLayers()
        && !weights.requireGradients(
            FIRST_LAYER + layer * PER_LAYER, FIRST_LAYER + (layer + 1) * PER_LAYER)) {
      layer++;
    }
    return layer;
  }
}
