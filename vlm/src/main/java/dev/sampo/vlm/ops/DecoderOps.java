package dev.sampo.vlm.ops;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;

/**
 * The decoder as native functions. Weights are: embedding, final norm, head, then 12 per layer:
 * input norm, q, bias, k, bias, v, bias, o, post-attention norm, gate, up, down.
 *
 * <p>Arrays are int64 on the device of the weights if not said otherwise; those "on the CPU" are
 * read as numbers.
 */
public final class DecoderOps {
  private DecoderOps() {}

  /**
   * Prompts laid end to end, then the branches that continue them.
   *
   * @param tokens N tokens // [N]
   * @param positions rotary positions // [3, N]
   * @param imageAt the tokens that stand for image features // [F]
   * @param features float32 image features, with or without gradient // [features, E]
   * @param promptAt cell of each prompt token in the padded grid of prompts // [prompt tokens]
   * @param branchAt cell of each branch token in the padded grid of branches // [branch tokens]
   * @param promptOfRow // [R]
   * @param promptLengths // [B]
   * @param axis which position turns each rotary frequency // [D / 2]
   * @param featureAt the feature of each image token; empty if they are in order // [F] or [0]
   * @param sizes B, longest prompt, R, longest branch, D; on the CPU // [5]
   * @param numbers epsilon of the norms, rotary theta; float64 on the CPU // [2]
   */
  public record Tree(
      NDArray tokens,
      NDArray positions,
      NDArray imageAt,
      NDArray features,
      NDArray promptAt,
      NDArray branchAt,
      NDArray promptOfRow,
      NDArray promptLengths,
      NDArray axis,
      NDArray featureAt,
      NDArray sizes,
      NDArray numbers) {
    List<NDArray> list() {
      return List.of(
          tokens,
          positions,
          imageAt,
          features,
          promptAt,
          branchAt,
          promptOfRow,
          promptLengths,
          axis,
          sizes,
          numbers,
          featureAt);
    }
  }

  /**
   * What to read from the end of a tree.
   *
   * @param source hidden state that predicts each target: prompt {@code b} is row {@code b}, branch
   *     tokens follow // [M]
   * @param targets // [M]
   * @param resultAt cell of each target in the result // [M]
   * @param sizes R, width of the result, tokens per chunk of logits, tokens scored at a time; on
   *     the CPU // [4]
   * @param temperature float64 on the CPU // [1]
   */
  public record Targets(
      NDArray source, NDArray targets, NDArray resultAt, NDArray sizes, NDArray temperature) {}

  /**
   * Log-probs of the targets, their entropies, and the mask of the cells that are not padding, each
   * float32 and without gradient // [R, C]
   */
  public static NDList score(NDManager scope, NetworkWeights weights, Tree tree, Targets targets) {
    var arguments = new ArrayList<>(tree.list());
    arguments.add(targets.source);
    arguments.add(targets.targets);
    arguments.add(targets.resultAt);
    arguments.add(targets.sizes);
    arguments.add(targets.temperature);
    return Script.differentiable("score", scope, weights, arguments, false);
  }

  /**
   * Keys and values of the slots.
   *
   * @param promptKeys per layer // [S, K, P, D]
   * @param promptValues per layer // [S, K, P, D]
   * @param rowKeys per layer // [S, G * K, C, D]
   * @param rowValues per layer // [S, G * K, C, D]
   */
  public record Caches(
      List<NDArray> promptKeys,
      List<NDArray> promptValues,
      List<NDArray> rowKeys,
      List<NDArray> rowValues) {}

  /**
   * Runs prompts and stores their keys and values.
   *
   * @param tree prompts without branches
   * @param slots where each prompt goes // [B]
   * @return float32 logits after the last token of each prompt // [B, V]
   */
  public static NDArray prefill(
      NDManager scope, NetworkWeights weights, Tree tree, Caches caches, NDArray slots) {
    return Script.run(
            "prefill",
            scope,
            weights.arrays(),
            weights.adapters(false),
            tree.list(),
            caches.promptKeys,
            caches.promptValues,
            slots)
        .singletonOrThrow();
  }

  /**
   * One token for each of n rows.
   *
   * @param tokens token, position, row among the rows in view, tokens already in the row // [4, n]
   * @param cells place of the new token: {@code row * K * C + tokens already in the row} // [n]
   * @param promptLengths of the slots in view // [s]
   * @param slots the slots in view; empty for the {@code numSlots} slots from {@code firstSlot} on
   * @param firstSlot see {@code slots}
   * @param numSlots s
   * @param rowsPerSlot G
   * @param longestPrompt of the slots in view
   * @param longestRow after this token
   */
  public record Step(
      NDArray tokens,
      NDArray cells,
      NDArray promptLengths,
      NDArray slots,
      int firstSlot,
      int numSlots,
      int rowsPerSlot,
      int longestPrompt,
      int longestRow) {}

  /** Appends one token to rows. Returns float32 logits after it // [n, V] */
  public static NDArray decode(
      NDManager scope,
      NetworkWeights weights,
      Caches caches,
      Step step,
      double epsilon,
      double theta) {
    long[] sizes = {
      step.firstSlot, step.numSlots, step.rowsPerSlot, step.longestPrompt, step.longestRow
    };
    return Script.run(
            "decode",
            scope,
            weights.arrays(),
            weights.adapters(false),
            caches.promptKeys,
            caches.promptValues,
            caches.rowKeys,
            caches.rowValues,
            step.tokens,
            step.cells,
            step.promptLengths,
            step.slots,
            sizes,
            epsilon,
            theta)
        .singletonOrThrow();
  }
}
