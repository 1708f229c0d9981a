package dev.sampo.vlm.ops;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;

/**
 * Vision tower and projector of InternVL as a native function. Weights are: class token, positions,
 * patch embedding, bias, final norm, shift, projector norm, shift, projector linear 1, bias, linear
 * 2, bias, then 20 per block: norm, shift, q, bias, k, bias, v, bias, q norm, k norm, proj, bias,
 * scale, norm, shift, fc1, bias, fc2, bias, scale. RMS norms have no shift.
 */
public final class TileOps {
  private TileOps() {}

  /**
   * Patches of all tiles of all images.
   *
   * @param patches float32, tile by tile // [T * S * S, channels * patch * patch]
   * @param sizes heads, blocks to run, patches per side S, the same of the learned positions, 1 to
   *     apply the final norm, patches per side of what becomes one feature, 1 to put features in
   *     rows of the tile, tiles to run at a time; int64 on the CPU // [8]
   * @param numbers epsilon of the norms, of the norms of queries; float64 on the CPU // [2]
   */
  public record Tiles(NDArray patches, NDArray sizes, NDArray numbers) {}

  /**
   * One feature vector per square of patches, tile by tile, in the type of the weights.
   *
   * <p>While gradients are recorded the arrays of {@code input} must stay open until the backward
   * pass.
   *
   * @param recording whether gradients are recorded, for weights that require them
   */
  public static NDArray encode(
      NDManager scope, NetworkWeights weights, Tiles input, boolean recording) {
    List<NDArray> arguments = List.of(input.patches, input.sizes, input.numbers);
    return Script.differentiable("tiles", scope, weights, arguments, recording).singletonOrThrow();
  }
}
