package dev.sampo.vlm.qwen;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.family.FamilyModel;
import dev.sampo.vlm.family.ModelFolder;
import dev.sampo.vlm.lora.AdapterSource;
import java.nio.file.Path;
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
  private static final String CONFIG =
      """
      {"model_type": "qwen2_5_vl", "image_token_id": %d, "vocab_size": %d, "hidden_size": 32,
       "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
       "num_key_value_heads": 2, "rms_norm_eps": 1e-6, "rope_theta": 10000,
       "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]},
       "vision_config": {"depth": 3, "hidden_size": 16, "intermediate_size": 24, "num_heads": 2,
        "patch_size": 4, "temporal_patch_size": 2, "spatial_merge_size": 2, "window_size": 16,
        "fullatt_block_indexes": [1], "out_hidden_size": 32}}
      """
          .formatted(IMAGE_TOKEN, VOCABULARY);

  private static final int PATCH_VALUES = 3 * 2 * 4 * 4;

  static VisionLanguageModel model() {
    return model(AdapterSource.NONE);
  }

  static VisionLanguageModel model(AdapterSource adapters) {
    ModelFolder folder = folder(Path.of("tiny"));
    return FamilyModel.initialize(
        new QwenFamily().architecture(folder),
        folder.path(),
        7,
        ModelOptions.onCpu().with(adapters));
  }

  /** A model with the weights of a folder. */
  static VisionLanguageModel load(Path path) {
    return FamilyModel.load(
        new QwenFamily().architecture(folder(path)), path, ModelOptions.onCpu());
  }

  private static ModelFolder folder(Path path) {
    try {
      return new ModelFolder(path, new JsonMapper().readTree(CONFIG));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  static NDArray parameter(VisionLanguageModel model, String name) {
    return Objects.requireNonNull(model.parameters().get(name));
  }

  static NDManager newScope() {
    return Engine.getEngine("PyTorch").newBaseManager(Device.cpu());
  }

  /** Patches of one image; sides in patches. */
  static ImagePatches image(RandomGenerator random, int height, int width) {
    var values = new float[height * width * PATCH_VALUES];
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
