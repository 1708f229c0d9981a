package dev.sampo.vlm.ops;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;

/**
 * The vision tower of Qwen2-VL and Qwen2.5-VL as a native function. Weights are: patch embedding,
 * merger norm, shift, merger 0, bias, merger 2, bias, then 14 per block: norm1, shift, qkv, bias,
 * proj, bias, norm2, shift, gate, bias, up, bias, down, bias. RMS norms have no shift; layers that
 * are not gated have no up.
 */
public final class VisionOps {
  private VisionOps() {}

  /**
   * Patches of all images in window order, so that patches of a merge unit, units of a window and
   * windows of one size are neighbours. Arrays are int64 if not said otherwise.
   *
   * @param patches float32 // [I, channels * temporal * patch * patch]
   * @param cells row and column of each patch in its image // [I, 2]
   * @param unitAt place of each merge unit in reading order, all images end to end // [U]
   * @param imageAt place of each patch when images of one size are neighbours and laid end to end;
   *     empty if the order already is that // [I]
   * @param windows (count, length in patches) of the windows; on the CPU // [., 2]
   * @param images (count, length in patches) of the images; on the CPU // [., 2]
   * @param isFull 1 for blocks that see a whole image, 0 for a window; on the CPU // [depth]
   * @param sizes heads, patches per merge unit; on the CPU // [2]
   */
  public record Patches(
      NDArray patches,
      NDArray cells,
      NDArray unitAt,
      NDArray imageAt,
      NDArray windows,
      NDArray images,
      NDArray isFull,
      NDArray sizes) {}

  private static List<NDArray> list(Patches input) {
    return List.of(
        input.patches,
        input.cells,
        input.unitAt,
        input.imageAt,
        input.windows,
        input.images,
        input.isFull,
        input.sizes);
  }

  /** The whole tower without gradients: merge units in reading order // [U, unit * E] */
  public static NDArray tower(NDManager scope, NetworkWeights weights, Patches input) {
    return Script.differentiable("vision_tower", scope, weights, list(input), false)
        .singletonOrThrow();
  }

  /**
   * What enters the first block, and the rotations that all blocks share. What this and the steps
   * below take must stay open until the backward pass.
   */
  public static NDList start(NDManager scope, NetworkWeights weights, Patches input) {
    return Script.differentiable("vision_start", scope, weights, list(input), true);
  }

  /**
   * One block.
   *
   * @param start what {@link #start} returned
   * @param index from 0
   */
  public static NDArray block(
      NDManager scope, NetworkWeights weights, Patches input, NDList start, NDArray x, int index) {
    try (NDManager cpu = scope.newSubManager(Device.cpu())) {
      List<NDArray> arguments =
          new ArrayList<>(List.of(x, cpu.create((long) index), start.get(1), start.get(2)));
      arguments.addAll(list(input));
      return Script.differentiable("vision_step", scope, weights, arguments, true)
          .singletonOrThrow();
    }
  }

  /** Merge units in reading order, from what leaves the last block // [U, unit * E] */
  public static NDArray end(NDManager scope, NetworkWeights weights, Patches input, NDArray x) {
    List<NDArray> arguments = new ArrayList<>(List.of(x));
    arguments.addAll(list(input));
    return Script.differentiable("vision_end", scope, weights, arguments, true).singletonOrThrow();
  }

  /**
   * The projector: one feature vector per merge unit // [U, E']
   *
   * @param units // [U, unit * E]
   * @param recording whether gradients are recorded, for weights that require them
   */
  public static NDArray project(
      NDManager scope, NetworkWeights weights, NDArray units, boolean recording) {
    return Script.differentiable("vision_project", scope, weights, List.of(units), recording)
        .singletonOrThrow();
  }
}
