package dev.sampo.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.family.ModelFolder;
import dev.sampo.vlm.qwen.QwenFamily;
import dev.sampo.vlm.qwen.QwenVisionSettings;

/**
 * Floating point operations of the matrix products of vision tower and projector; what is counted
 * is said at {@link ModelFlops}.
 */
sealed interface VisionFlops {

  /** For one image. */
  long image(ImagePatches image);

  /** Of the model of a folder. */
  static VisionFlops of(ModelFolder folder) {
    JsonNode vision = folder.config().path("vision_config");
    return vision.has("depth")
        ? new Windows(QwenFamily.vision(folder))
        : new Tiles(
            vision.path("num_hidden_layers").asInt(),
            vision.path("hidden_size").asInt(),
            vision.path("intermediate_size").asInt(),
            folder.config().path("text_config").path("hidden_size").asInt());
  }

  /** Qwen2.5-VL: most blocks attend inside windows. */
  record Windows(QwenVisionSettings vision) implements VisionFlops {
    @Override
    public long image(ImagePatches image) {
      QwenVisionSettings v = vision;
      long n = image.numPatches();
      long width = v.hiddenSize();
      long merged = v.patchesPerUnit() * width;
      long units = n / v.patchesPerUnit();
      long block = n * (8 * width * width + 6 * width * v.intermediateSize());
      long full = v.fullAttentionBlocks().size();
      long pairs = full * n * n + (v.depth() - full) * pairsInWindows(image);
      return 2 * n * v.patchValues() * width
          + v.depth() * block
          + 4 * width * pairs
          + units * (2 * merged * merged + 2 * merged * v.outHiddenSize());
    }

    private long pairsInWindows(ImagePatches image) {
      int side = vision.unitsPerWindow() * vision.mergeSize();
      long pairs = 0;
      for (int top = 0; top < image.height(); top += side) {
        for (int left = 0; left < image.width(); left += side) {
          long patches =
              (long) Math.min(side, image.height() - top) * Math.min(side, image.width() - left);
          pairs += patches * patches;
        }
      }
      return pairs * image.temporal();
    }
  }

  /**
   * InternVL in the layout of Transformers, whose features are two by two patches: a tile's patches
   * and its class token see each other.
   *
   * @param outWidth of a feature
   */
  record Tiles(int depth, int width, int intermediateSize, int outWidth) implements VisionFlops {
    @Override
    public long image(ImagePatches image) {
      long patches = (long) image.height() * image.width();
      long n = patches + 1;
      long w = width;
      long values = image.values().length / image.numPatches();
      long blocks = depth * (n * (8 * w * w + 4 * w * intermediateSize) + 4 * w * n * n);
      long projector = patches / 4 * (2 * 4 * w * outWidth + 2L * outWidth * outWidth);
      return image.temporal() * (2 * patches * values * w + blocks + projector);
    }
  }
}
