package dev.sampo.vlm.qwen;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.family.VisionEncoder;
import dev.sampo.vlm.ops.ArrayOps;
import dev.sampo.vlm.ops.NetworkWeights;
import dev.sampo.vlm.ops.VisionOps;
import java.nio.FloatBuffer;
import java.util.List;

/** Turns images into features for the decoder. */
final class VisionTower implements VisionEncoder {
  private final QwenVisionSettings settings;
  private final NetworkWeights weights;

  VisionTower(QwenVisionSettings settings, NetworkWeights weights) {
    this.settings = settings;
    this.weights = weights;
  }

  @Override
  public int numFeatures(ImagePatches image) {
    return image.numPatches() / settings.patchesPerUnit();
  }

  @Override
  public NDArray tower(List<ImagePatches> images, NDManager scope) {
    return VisionOps.tower(scope, weights, input(images, scope));
  }

  @Override
  public NDArray project(NDArray x, NDManager scope, boolean recording) {
    return VisionOps.project(scope, weights, x, recording);
  }

  @Override
  public TowerSteps steps(List<ImagePatches> images, NDManager scope) {
    VisionOps.Patches input = input(images, scope);
    NDList start = VisionOps.start(scope, weights, input);
    return new TowerSteps() {
      @Override
      public NDArray start() {
        return start.head();
      }

      @Override
      public int numLayers() {
        return settings.depth();
      }

      @Override
      public NDArray layer(int index, NDArray x) {
        return VisionOps.block(scope, weights, input, start, x, index);
      }

      @Override
      public NDArray end(NDArray x) {
        return VisionOps.end(scope, weights, input, x);
      }
    };
  }

  private VisionOps.Patches input(List<ImagePatches> images, NDManager scope) {
    images.forEach(this::check);
    VisionLayout layout = VisionLayout.of(images, settings);
    NDManager cpu = scope.newSubManager(Device.cpu());
    var isFull = new long[settings.depth()];
    settings.fullAttentionBlocks().forEach(block -> isFull[block] = 1);
    long patches = layout.cells().length / 2;
    return new VisionOps.Patches(
        ArrayOps.floats(
            scope,
            new Shape(patches, settings.patchValues()),
            floats -> write(images, layout.unitAt(), floats)),
        scope.create(layout.cells(), new Shape(patches, 2)),
        scope.create(layout.unitAt()),
        scope.create(layout.imageAt()),
        cpu.create(layout.windows(), new Shape(layout.windows().length / 2, 2)),
        cpu.create(layout.frames(), new Shape(layout.frames().length / 2, 2)),
        cpu.create(isFull),
        cpu.create(new long[] {settings.numHeads(), settings.patchesPerUnit()}));
  }

  private void check(ImagePatches image) {
    int side = settings.mergeSize();
    if (image.height() % side != 0 || image.width() % side != 0) {
      throw new IllegalArgumentException(
          "an image has a multiple of %d patches per side, got %d x %d"
              .formatted(side, image.height(), image.width()));
    }
    if (image.values().length != image.numPatches() * settings.patchValues()) {
      throw new IllegalArgumentException(
          "%d patches have %d values each, got %d values in all"
              .formatted(image.numPatches(), settings.patchValues(), image.values().length));
    }
  }

  /** Writes the patches in window order. */
  private void write(List<ImagePatches> images, long[] unitAt, FloatBuffer floats) {
    int unit = settings.patchesPerUnit() * settings.patchValues();
    var imageOf = new ImagePatches[unitAt.length];
    var firstOf = new int[unitAt.length];
    int next = 0;
    for (ImagePatches image : images) {
      int first = next;
      for (int i = 0; i < numFeatures(image); i++) {
        imageOf[next] = image;
        firstOf[next++] = first;
      }
    }
    for (long place : unitAt) {
      int at = (int) place;
      floats.put(imageOf[at].values(), (at - firstOf[at]) * unit, unit);
    }
  }
}
