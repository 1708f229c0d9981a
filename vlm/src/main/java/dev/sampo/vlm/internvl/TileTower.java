package dev.sampo.vlm.internvl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.family.VisionEncoder;
import dev.sampo.vlm.ops.ArrayOps;
import dev.sampo.vlm.ops.NetworkWeights;
import dev.sampo.vlm.ops.TileOps;
import java.util.List;

/** Turns the tiles of images into features for the decoder. */
final class TileTower implements VisionEncoder {
  /**
   * Values of the widest layer that exist at a time, 256 MiB in float32. All tiles at once would
   * need 17 MiB each: 13 tiles of 8 images more than 1.7 GiB, and no faster.
   */
  private static final long LARGEST_LAYER = 1L << 26;

  private final TileTowerSettings settings;
  private final ProjectorSettings projector;
  private final NetworkWeights weights;

  TileTower(TileTowerSettings settings, ProjectorSettings projector, NetworkWeights weights) {
    this.settings = settings;
    this.projector = projector;
    this.weights = weights;
  }

  @Override
  public int numFeatures(ImagePatches image) {
    return image.numPatches() / (projector.merge() * projector.merge());
  }

  @Override
  public NDArray tower(List<ImagePatches> images, NDManager scope) {
    return TileOps.tower(scope, weights, input(images, scope));
  }

  @Override
  public NDArray project(NDArray x, NDManager scope, boolean recording) {
    return TileOps.project(scope, weights, x, recording);
  }

  @Override
  public TowerSteps steps(List<ImagePatches> images, NDManager scope) {
    TileOps.Tiles input = input(images, scope);
    return new TowerSteps() {
      @Override
      public NDArray start() {
        return TileOps.start(scope, weights, input);
      }

      @Override
      public int numLayers() {
        return projector.blocks();
      }

      @Override
      public NDArray layer(int index, NDArray x) {
        return TileOps.block(scope, weights, input, x, index);
      }

      @Override
      public NDArray end(NDArray x) {
        return TileOps.end(scope, weights, input, x);
      }
    };
  }

  private TileOps.Tiles input(List<ImagePatches> images, NDManager scope) {
    int side = images.getFirst().height();
    images.forEach(image -> check(image, side));
    NDManager cpu = scope.newSubManager(Device.cpu());
    long[] sizes = {
      settings.numHeads(),
      projector.blocks(),
      side,
      settings.trainedSide(),
      settings.finalNorm() && projector.normed() ? 1 : 0,
      projector.merge(),
      projector.transposed() ? 1 : 0,
      tilesAtATime(side)
    };
    double[] numbers = {settings.normEpsilon(), settings.queryNormEpsilon()};
    return new TileOps.Tiles(patches(images, scope), cpu.create(sizes), cpu.create(numbers));
  }

  private void check(ImagePatches image, int side) {
    if (image.height() != side || image.width() != side || side % projector.merge() != 0) {
      throw new IllegalArgumentException(
          "tiles are squares of one size, a multiple of %d patches, got %d x %d"
              .formatted(projector.merge(), image.height(), image.width()));
    }
    if (image.values().length != image.numPatches() * settings.patchValues()) {
      throw new IllegalArgumentException(
          "%d patches have %d values each, got %d values in all"
              .formatted(image.numPatches(), settings.patchValues(), image.values().length));
    }
  }

  private long tilesAtATime(int side) {
    long widest = Math.max(settings.intermediateSize(), 3L * settings.width());
    return Math.max(1, LARGEST_LAYER / (widest * (1 + (long) side * side)));
  }

  /** // [T * S * S, channels * patch * patch] */
  private NDArray patches(List<ImagePatches> images, NDManager scope) {
    int count = images.stream().mapToInt(ImagePatches::numPatches).sum();
    return ArrayOps.floats(
        scope,
        new Shape(count, settings.patchValues()),
        floats -> images.forEach(image -> floats.put(image.values())));
  }
}
