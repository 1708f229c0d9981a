package dev.sampo.vlm.ops;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;

/**
 * The decoder in steps that record gradients where the calling thread records them. What a step
 * takes must stay open until the backward pass. See {@link DecoderOps} for weights and trees.
 */
public final class TrainingOps {
  private TrainingOps() {}

  /**
   * What enters the first layer.
   *
   * @param embedded tokens with image features in their places, without the recording of either //
   *     [N, E]
   * @param frame what all layers share: rotations and masks
   */
  public record Start(NDArray embedded, List<NDArray> frame) {}

  /** Embeds the tokens of a tree. */
  public static Start start(NDManager scope, NetworkWeights weights, DecoderOps.Tree tree) {
    NDList result = Script.differentiable("tree_start", scope, weights, tree.list(), true);
    return new Start(result.head(), List.copyOf(result.subList(1, result.size())));
  }

  /**
   * One layer.
   *
   * @param x what leaves the layer before // [N, E]
   * @param layer from 0; the last keeps the last token of each prompt and the branches
   */
  public static NDArray layer(
      NDManager scope,
      NetworkWeights weights,
      DecoderOps.Tree tree,
      List<NDArray> frame,
      NDArray x,
      int layer) {
    try (NDManager cpu = scope.newSubManager(Device.cpu())) {
      var arguments = new ArrayList<>(List.of(x, cpu.create((long) layer)));
      arguments.addAll(frame);
      arguments.addAll(tree.list());
      return Script.differentiable("tree_step", scope, weights, arguments, true).singletonOrThrow();
    }
  }

  /**
   * Hidden states that targets are predicted from.
   *
   * @param x what leaves the last layer
   * @param source row of {@code x} for each target // [M]
   * @return // [M, E]
   */
  public static NDArray end(
      NDManager scope, NetworkWeights weights, NDArray x, NDArray source, double epsilon) {
    try (NDManager cpu = scope.newSubManager(Device.cpu())) {
      List<NDArray> arguments = List.of(x, source, cpu.create(epsilon));
      return Script.differentiable("tree_end", scope, weights, arguments, true).singletonOrThrow();
    }
  }

  /** Adds to the gradient of the embedding what embedded tokens of a gradient give it. */
  public static void addEmbeddingGradient(
      NDManager scope, NetworkWeights weights, DecoderOps.Tree tree, NDArray gradient) {
    try (NDArray sum = Gradients.accumulated(weights.arrays().getFirst())) {
      Script.call("add_embedding_gradient", scope, sum, gradient, tree.tokens(), tree.imageAt())
          .close();
    }
  }

  /**
   * The gradient of the image features of a tree.
   *
   * @param gradient of the embedded tokens // [N, E]
   */
  public static NDArray featureGradient(NDManager scope, DecoderOps.Tree tree, NDArray gradient) {
    return Script.call(
            "feature_gradient", scope, gradient, tree.features(), tree.imageAt(), tree.featureAt())
        .singletonOrThrow();
  }

  /** Rows of a recorded array as the start of a computation of their own. */
  public static NDArray rows(NDManager scope, NDArray x, int first, int count) {
    try (NDManager cpu = scope.newSubManager(Device.cpu())) {
      return Script.call("detached_rows", scope, x, cpu.create(new long[] {first, count}))
          .singletonOrThrow();
    }
  }

  /**
   * Float32 logits. The matrix of the head is not recorded, adapters on it are.
   *
   * @param hidden // [n, E]
   */
  public static NDArray logits(NDManager scope, NetworkWeights weights, NDArray hidden) {
    return Script.differentiable("head_logits", scope, weights, List.of(hidden), true)
        .singletonOrThrow();
  }

  /**
   * Tokens to score.
   *
   * @param tokens // [n]
   * @param temperature float64 on the CPU // []
   * @param piece tokens that are worked on at a time; int64 on the CPU // []
   */
  public record Tokens(NDArray tokens, NDArray temperature, NDArray piece) {}

  /**
   * Log-probs and entropies, without gradient // [n], [n]
   *
   * @param logits become the probabilities in place // [n, V]
   */
  public static NDList scores(NDManager scope, NDArray logits, Tokens tokens) {
    return Script.call(
        "recorded_scores", scope, logits, tokens.tokens, tokens.temperature, tokens.piece);
  }

  /**
   * The gradient of logits.
   *
   * @param probabilities become the gradient in place // [n, V]
   * @param logProbs gradient of the log-probs // [n]
   * @param entropies the entropies // [n]
   * @param ofEntropies their gradient; empty if nothing goes through them // [n] or [0]
   */
  public static NDArray logitsGradient(
      NDManager scope,
      NDArray probabilities,
      Tokens tokens,
      NDArray logProbs,
      NDArray entropies,
      NDArray ofEntropies) {
    return Script.call(
            "logits_gradient",
            scope,
            probabilities,
            tokens.tokens,
            tokens.temperature,
            tokens.piece,
            logProbs,
            entropies,
            ofEntropies)
        .singletonOrThrow();
  }

  /** Adds to the gradient of the head what a gradient of logits gives it. */
  public static void addHeadGradient(
      NDManager scope, NetworkWeights weights, NDArray gradient, NDArray hidden) {
    try (NDArray sum = Gradients.accumulated(weights.arrays().get(2))) {
      Script.call("add_head_gradient", scope, sum, gradient, hidden).close();
    }
  }

  /**
   * Scores as right padded rows: log-probs, entropies and mask // [r, C]
   *
   * @param cells of each token among r * C // [n]
   */
  public static NDList grids(NDManager scope, NDList scores, NDArray cells, int rows, int length) {
    try (NDManager cpu = scope.newSubManager(Device.cpu())) {
      NDArray shape = cpu.create(new long[] {rows, length});
      return Script.call("score_grids", scope, scores.get(0), scores.get(1), cells, shape);
    }
  }

  /** What stands in cells of a grid // [n] */
  public static NDArray values(NDManager scope, NDArray grid, NDArray cells) {
    return Script.call("grid_values", scope, grid, cells).singletonOrThrow();
  }
}
