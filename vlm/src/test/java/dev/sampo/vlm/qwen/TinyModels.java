package dev.sampo.vlm.qwen;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ImagePatches;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.random.RandomGenerator;

/** Small random models and prompts with every feature of the family on. */
final class TinyModels {
  static final int VOCABULARY = 40;
  static final int IMAGE_TOKEN = 39;

  private TinyModels() {}

  /** Two key/value heads, windows of 2 x 2 merge units, one full block. */
  static QwenVlSettings settings(boolean tiedHead) {
    return new QwenVlSettings(
        new QwenVlSettings.Text(
            VOCABULARY, 32, 48, 3, 4, 2, 1e-6, 10_000, List.of(1, 1, 2), tiedHead),
        new QwenVlSettings.Vision(3, 16, 24, 2, 3, 4, 2, 2, 16, List.of(1), 32),
        IMAGE_TOKEN);
  }

  static QwenVl model() {
    return QwenVl.initialize(settings(false), 7, Device.cpu());
  }

  static NDArray parameter(QwenVl model, String name) {
    return Objects.requireNonNull(model.parameters().get(name));
  }

  static NDManager newScope() {
    return Engine.getEngine("PyTorch").newBaseManager(Device.cpu());
  }

  /** Patches of one image; sides in patches. */
  static ImagePatches image(RandomGenerator random, int height, int width) {
    var values = new float[height * width * settings(false).vision().patchValues()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return new ImagePatches(values, 1, height, width);
  }

  /** The images, then {@code numText} tokens. Positions count rows and columns inside an image. */
  static EncodedPrompt prompt(RandomGenerator random, List<ImagePatches> images, int numText) {
    var tokens = new ArrayList<Integer>();
    var positions =
        List.of(new ArrayList<Integer>(), new ArrayList<Integer>(), new ArrayList<Integer>());
    int next = 0;
    for (ImagePatches image : images) {
      int columns = image.width() / 2;
      for (int unit = 0; unit < image.numPatches() / 4; unit++) {
        tokens.add(IMAGE_TOKEN);
        positions.get(0).add(next);
        positions.get(1).add(next + unit / columns);
        positions.get(2).add(next + unit % columns);
      }
      next += Math.max(image.height() / 2, columns);
    }
    for (int i = 0; i < numText; i++) {
      tokens.add(random.nextInt(IMAGE_TOKEN));
      for (List<Integer> axis : positions) {
        axis.add(next);
      }
      next++;
    }
    return new EncodedPrompt(
        ints(tokens), positions.stream().map(TinyModels::ints).toArray(int[][]::new), next, images);
  }

  static int[] tokens(RandomGenerator random, int length) {
    return random.ints(length, 0, IMAGE_TOKEN).toArray();
  }

  private static int[] ints(List<Integer> values) {
    return values.stream().mapToInt(Integer::intValue).toArray();
  }
}
