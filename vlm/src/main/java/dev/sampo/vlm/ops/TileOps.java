package dev.sampo.vlm.ops;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
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

  private static List<NDArray> list(Tiles input) {
    return List.of(input.patches, input.sizes, input.numbers);
  }

  /** The whole tower without gradients: what becomes features // [F, E * merge^2] */
  public static NDArray tower(NDManager scope, NetworkWeights weights, Tiles input) {
    return Script.differentiable("tile_tower", scope, weights, list(input), false)
        .singletonOrThrow();
  }

  /**
   * What enters the first block. What this and the steps below take must stay open until the
   * backward pass.
   *
   * @return // [T, N, E]
   */
  public static NDArray start(NDManager scope, NetworkWeights weights, Tiles input) {
    return Script.differentiable("tile_start", scope, weights, list(input), true)
        .singletonOrThrow();
  }

  /**
   * One block.
   *
   * @param index from 0
   */
  public static NDArray block(
      NDManager scope, NetworkWeights weights, Tiles input, NDArray x, int index) {
    try (NDManager cpu = scope.newSubManager(Device.cpu())) {
      List<NDArray> arguments = new ArrayList<>(List.of(x, cpu.create((long) index)));
      arguments.addAll(list(input));
      return Script.differentiable("tile_step", scope, weights, arguments, true).singletonOrThrow();
    }
  }

  /** What becomes features, from what leaves the last block // [F, E * merge^2] */
  public static NDArray end(NDManager scope, NetworkWeights weights, Tiles input, NDArray x) {
    List<NDArray> arguments = new ArrayList<>(List.of(x));
    arguments.addAll(list(input));
    return Script.differentiable("tile_end", scope, weights, arguments, true).singletonOrThrow();
  }

  /**
   * The projector, in the type of the weights // [F, E']
   *
   * @param vectors // [F, E * merge^2]
   * @param recording whether gradients are recorded, for weights that require them
   */
  public static NDArray project(
      NDManager scope, NetworkWeights weights, NDArray vectors, boolean recording) {
    return Script.differentiable("tile_project", scope, weights, List.of(vectors), recording)
        .singletonOrThrow();
  }
}
