package dev.sampo.vlm.ops;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;

/** Draws tokens from logits. */
public final class SamplingOps {
  private SamplingOps() {}

  /**
   * Drawn tokens.
   *
   * @param tokens int64 // [n]
   * @param logProbs float32, at the temperature (at 1 when it is 0) and before the filters: what
   *     the model scores the token at // [n]
   */
  public record Draw(NDArray tokens, NDArray logProbs) {}

  /**
   * One token per row, by inverting the cumulative distribution.
   *
   * @param logits float32 // [n, V]
   * @param temperature divides the logits; 0 takes the most likely token
   * @param topK keeps the k most likely tokens; 0 keeps all
   * @param topP keeps the smallest set of tokens that holds this mass; 1 keeps all
   * @param uniforms float64 in [0, 1) // [n]
   */
  public static Draw sample(
      NDManager scope,
      NDArray logits,
      double temperature,
      int topK,
      double topP,
      NDArray uniforms) {
    NDList result = Script.run("sample", scope, logits, temperature, (long) topK, topP, uniforms);
    return new Draw(result.get(0), result.get(1));
  }
}
