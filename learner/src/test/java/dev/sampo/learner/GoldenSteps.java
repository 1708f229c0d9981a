package dev.sampo.learner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.learner.batch.PromptEncoder;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.weights.SafetensorsFile;
import dev.sampo.vlm.weights.StoredTensor;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** What {@code tests/goldens/make_steps.py} recorded. A prompt's text is its place in the file. */
public final class GoldenSteps {
  static final Path FOLDER = Path.of("src/test/resources/goldens/steps");
  private static final String CONFIG = "adapter_config.json";
  private static final String WEIGHTS = "adapter_model.safetensors";
  private static final JsonNode ALL = read();

  private GoldenSteps() {}

  private static JsonNode read() {
    try {
      return new ObjectMapper().readTree(FOLDER.resolve("steps.json").toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Stream<JsonNode> cases() {
    return list(ALL.path("cases")).stream();
  }

  public static JsonNode named(String name) {
    return cases().filter(c -> c.path("name").asText().equals(name)).findFirst().orElseThrow();
  }

  static List<JsonNode> list(JsonNode node) {
    return StreamSupport.stream(node.spliterator(), false).toList();
  }

  /**
   * The model that a case starts from, with its adapters if it has any.
   *
   * @param folder empty; gets adapters with the path of their model in them
   */
  public static VisionLanguageModel policy(JsonNode golden, Path folder) throws IOException {
    Path model = FOLDER.resolve(golden.path("model").asText());
    return VisionLanguageModels.load(
        golden.has("adapter")
            ? adapter(FOLDER.resolve(golden.path("adapter").asText()), model, folder)
            : model,
        ModelOptions.onCpu());
  }

  private static Path adapter(Path source, Path model, Path target) throws IOException {
    Files.copy(source.resolve(WEIGHTS), target.resolve(WEIGHTS));
    var config = (ObjectNode) new ObjectMapper().readTree(source.resolve(CONFIG).toFile());
    config.put("base_model_name_or_path", model.toAbsolutePath().toString());
    Files.writeString(target.resolve(CONFIG), config.toString());
    return target;
  }

  static List<ScoredGroup> groups(JsonNode golden) {
    String model = golden.path("model").asText();
    List<ScoredGroup> groups = new ArrayList<>();
    for (int g = 0; g < golden.path("groups").size(); g++) {
      JsonNode group = golden.path("groups").get(g);
      groups.add(
          Groups.scored(
              g,
              Groups.prompt(g),
              ints(ALL.path("prompts").path(model).get(g).path("token_ids")),
              list(ALL.path("completions").path(model).get(g)).stream()
                  .map(GoldenSteps::ints)
                  .toList(),
              list(group.path("behaviour")).stream().map(GoldenSteps::floats).toList(),
              Groups.version(0),
              golden.path("temperature").asDouble(),
              list(group.path("scores")).stream().mapToDouble(JsonNode::asDouble).toArray()));
    }
    return groups;
  }

  /** Encodes prompts whose text is their place. */
  public static PromptEncoder encoder(JsonNode golden) {
    List<EncodedPrompt> prompts = prompts(golden.path("model").asText());
    return (Prompt prompt) -> prompts.get(Integer.parseInt(prompt.text()));
  }

  private static List<EncodedPrompt> prompts(String model) {
    List<EncodedPrompt> prompts = new ArrayList<>();
    try (SafetensorsFile inputs = SafetensorsFile.open(FOLDER.resolve("inputs.safetensors"));
        NDManager scope = NDManager.newBaseManager()) {
      SortedMap<String, StoredTensor> tensors = inputs.tensors();
      for (JsonNode prompt : ALL.path("prompts").path(model)) {
        List<ImagePatches> images = new ArrayList<>();
        for (JsonNode image : prompt.path("images")) {
          StoredTensor values = Objects.requireNonNull(tensors.get(image.path("values").asText()));
          int[] grid = ints(image.path("grid"));
          images.add(
              new ImagePatches(
                  WeightArrays.load(values, scope).toFloatArray(), grid[0], grid[1], grid[2]));
        }
        prompts.add(
            new EncodedPrompt(
                ints(prompt.path("token_ids")),
                list(prompt.path("positions")).stream()
                    .map(GoldenSteps::ints)
                    .toArray(int[][]::new),
                prompt.path("next_position").asInt(),
                images));
      }
    }
    return prompts;
  }

  /** Compares the trained weights with those that the case ended with. */
  public static void assertWeights(String name, VisionLanguageModel policy, double tolerance) {
    SortedMap<String, float[]> expected = new TreeMap<>();
    try (SafetensorsFile after = SafetensorsFile.open(FOLDER.resolve("after.safetensors"));
        NDManager scope = NDManager.newBaseManager()) {
      after
          .tensors()
          .tailMap(name + "/")
          .forEach((key, tensor) -> {
            if (key.startsWith(name + "/")) {
              expected.put(
                  key.substring(name.length() + 1),
                  WeightArrays.load(tensor, scope).toFloatArray());
            }
          });
    }
    assertThat(expected).isNotEmpty();
    expected.forEach((parameter, values) -> {
      NDArray actual = Objects.requireNonNull(policy.parameters().get(parameter), parameter);
      assertThat(actual.toFloatArray())
          .as(parameter)
          .containsExactly(values, within((float) tolerance));
    });
  }

  static int[] ints(JsonNode list) {
    return IntStream.range(0, list.size()).map(i -> list.get(i).asInt()).toArray();
  }

  static float[] floats(JsonNode list) {
    float[] values = new float[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) list.get(i).asDouble();
    }
    return values;
  }
}
