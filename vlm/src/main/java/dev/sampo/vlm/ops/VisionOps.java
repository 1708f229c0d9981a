package dev.sampo.vlm.ops;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
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

  /**
   * One feature vector per merge unit in reading order, float32 // [U, E]
   *
   * <p>While gradients are recorded the arrays of {@code input} must stay open until the backward
   * pass.
   *
   * @param recording whether gradients are recorded, for weights that require them
   */
  public static NDArray encode(
      NDManager scope, NetworkWeights weights, Patches input, boolean recording) {
    List<NDArray> arguments =
        List.of(
            input.patches,
            input.cells,
            input.unitAt,
            input.imageAt,
            input.windows,
            input.images,
            input.isFull,
            input.sizes);
    return Script.differentiable("vision", scope, weights, arguments, recording).singletonOrThrow();
  }
}
