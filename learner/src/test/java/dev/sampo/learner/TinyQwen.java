package dev.sampo.learner;

import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.Prompt;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.Precision;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.lora.AdapterSource;
import dev.sampo.vlm.lora.LoraSettings;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The real model with a few thousand random weights, and prompts for it without a tokenizer: one
 * image of 4 x 4 patches, 4 tokens, then a question written as token ids.
 */
public final class TinyQwen {
  private static final int IMAGE_TOKEN = 20;
  private static final int BEFORE_IMAGE = 21;
  private static final int PATCHES = 16;
  private static final int PATCH_SIZE = 3 * 2 * 4 * 4;

  private TinyQwen() {}

  /** A folder with a config and no weights. */
  public static Path modelFolder(Path parent) throws IOException {
    Path folder = Files.createDirectories(parent.resolve("model"));
    try (InputStream config =
        Objects.requireNonNull(TinyQwen.class.getResourceAsStream("tiny-qwen/config.json"))) {
      Files.write(folder.resolve("config.json"), config.readAllBytes());
    }
    return folder;
  }

  public static VisionLanguageModel initialize(Path modelFolder, long seed) {
    return initialize(modelFolder, seed, Precision.FLOAT32);
  }

  static VisionLanguageModel initialize(Path modelFolder, long seed, Precision precision) {
    return VisionLanguageModels.initialize(modelFolder, seed, ModelOptions.onCpu().with(precision));
  }

  /** A loaded model with new adapters on every linear layer outside the vision tower. */
  public static VisionLanguageModel loadAdapted(Path modelFolder, long seed) {
    var adapters = new AdapterSource.Fresh(new LoraSettings(4, 8, 0.05, List.of()), seed);
    return VisionLanguageModels.load(modelFolder, ModelOptions.onCpu().with(adapters));
  }

  public static VisionLanguageModel load(Path modelFolder) {
    return load(modelFolder, Precision.FLOAT32);
  }

  static VisionLanguageModel load(Path modelFolder, Precision precision) {
    return VisionLanguageModels.load(modelFolder, ModelOptions.onCpu().with(precision));
  }

  /** A question about an image that is drawn from a seed. */
  public static Prompt prompt(int imageSeed, int... question) {
    String text =
        Arrays.stream(question).mapToObj(String::valueOf).collect(Collectors.joining(" "));
    ImageRef image = new ImageRef("%064x".formatted(imageSeed), 16, 16, 1);
    return new Prompt("test:" + imageSeed, "test", text, List.of(image), "", Map.of());
  }

  /** Encodes what {@link #prompt} made. */
  public static EncodedPrompt encode(Prompt prompt) {
    int[] question = encodeAnswer(prompt.text());
    int[] ids =
        IntStream.concat(
                IntStream.of(BEFORE_IMAGE, IMAGE_TOKEN, IMAGE_TOKEN, IMAGE_TOKEN, IMAGE_TOKEN),
                IntStream.of(question))
            .toArray();
    int[][] positions = new int[3][ids.length];
    for (int token = 0; token < 4; token++) {
      positions[0][1 + token] = 1;
      positions[1][1 + token] = 1 + token / 2;
      positions[2][1 + token] = 1 + token % 2;
    }
    for (int i = 0; i < question.length; i++) {
      for (int[] axis : positions) {
        axis[5 + i] = 3 + i;
      }
    }
    long seed = Long.parseLong(prompt.images().getFirst().sha256(), 16);
    return new EncodedPrompt(ids, positions, 3 + question.length, List.of(image(seed)));
  }

  private static ImagePatches image(long seed) {
    Random random = new Random(seed);
    float[] values = new float[PATCHES * PATCH_SIZE];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return new ImagePatches(values, 1, 4, 4);
  }

  /** Token ids written as text. */
  public static int[] encodeAnswer(String text) {
    return Arrays.stream(text.split(" ")).mapToInt(Integer::parseInt).toArray();
  }
}
