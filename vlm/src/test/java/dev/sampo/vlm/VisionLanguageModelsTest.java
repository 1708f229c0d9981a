package dev.sampo.vlm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.vlm.weights.SafetensorsFile;
import dev.sampo.vlm.weights.StoredTensor;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a model folder may hold, and what is said of one that cannot be used. */
class VisionLanguageModelsTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String NORM = "model.norm.weight";

  private final Goldens goldens = Goldens.of("windows-tied");
  @TempDir private Path folder;

  @BeforeEach
  void copyConfig() throws IOException {
    Files.copy(goldens.folder().resolve("config.json"), folder.resolve("config.json"));
  }

  @Test
  void savedWeightsLoadAsTheSamePolicy() throws IOException {
    String hash;
    try (VisionLanguageModel model =
        VisionLanguageModels.load(goldens.folder(), ModelOptions.onCpu())) {
      hash = WeightArrays.sha256(model.parameters());
      model.save(folder);
    }

    try (VisionLanguageModel copy = VisionLanguageModels.load(folder, ModelOptions.onCpu())) {
      assertThat(WeightArrays.sha256(copy.parameters())).isEqualTo(hash);
    }
    try (SafetensorsFile original =
            SafetensorsFile.open(goldens.folder().resolve("model.safetensors"));
        SafetensorsFile saved = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
      assertThat(saved.tensors().keySet()).isEqualTo(original.tensors().keySet());
    }
  }

  @Test
  void aSeedGivesOneCleanStart() {
    assertThat(cleanStart(1)).isEqualTo(cleanStart(1)).isNotEqualTo(cleanStart(2));
  }

  private String cleanStart(long seed) {
    try (VisionLanguageModel model =
        VisionLanguageModels.initialize(folder, seed, ModelOptions.onCpu())) {
      return WeightArrays.sha256(model.parameters());
    }
  }

  @Test
  void shardsAndNamesOfTransformersInMemoryAreRead() throws IOException {
    try (SafetensorsFile original =
        SafetensorsFile.open(goldens.folder().resolve("model.safetensors"))) {
      SortedMap<String, StoredTensor> language = new TreeMap<>();
      SortedMap<String, StoredTensor> vision = new TreeMap<>();
      original
          .tensors()
          .forEach((name, tensor) -> {
            if (name.startsWith("visual.")) {
              vision.put("model." + name, tensor);
            } else {
              language.put(name.replaceFirst("^model\\.", "model.language_model."), tensor);
            }
          });
      SafetensorsFile.write(folder.resolve("model-1.safetensors"), language);
      SafetensorsFile.write(folder.resolve("model-2.safetensors"), vision);
    }
    ObjectNode index = JSON.createObjectNode();
    index.putObject("weight_map").put("a", "model-1.safetensors").put("b", "model-2.safetensors");
    JSON.writeValue(folder.resolve("model.safetensors.index.json").toFile(), index);

    try (VisionLanguageModel expected =
            VisionLanguageModels.load(goldens.folder(), ModelOptions.onCpu());
        VisionLanguageModel actual = VisionLanguageModels.load(folder, ModelOptions.onCpu())) {
      assertThat(WeightArrays.sha256(actual.parameters()))
          .isEqualTo(WeightArrays.sha256(expected.parameters()));
    }
  }

  @Test
  void aFolderWithoutWeightsIsNamed() {
    assertFails(
        "no weights in " + folder + ": expected model.safetensors or model.safetensors.index.json");
  }

  @Test
  void missingUnknownAndMisshapenTensorsAreNamed() throws IOException {
    writeWeights(tensors -> {
      tensors.remove(NORM);
      return tensors;
    });
    assertFails("checkpoint " + folder + " lacks tensor " + NORM);

    writeWeights(tensors -> {
      tensors.put("model.extra", Objects.requireNonNull(tensors.get(NORM)));
      return tensors;
    });
    assertFails(
        "checkpoint " + folder + " holds tensor model.extra, which config.json does not ask for");

    writeWeights(tensors -> {
      tensors.put(
          NORM, Objects.requireNonNull(tensors.get("model.layers.0.self_attn.k_proj.bias")));
      return tensors;
    });
    assertFails("checkpoint " + folder + ": tensor " + NORM + " has shape [");
  }

  private void writeWeights(UnaryOperator<SortedMap<String, StoredTensor>> change)
      throws IOException {
    try (SafetensorsFile original =
        SafetensorsFile.open(goldens.folder().resolve("model.safetensors"))) {
      SafetensorsFile.write(
          folder.resolve("model.safetensors"), change.apply(new TreeMap<>(original.tensors())));
    }
  }

  @Test
  void settingsThatAreUnknownMissingOrUnsupportedAreNamed() throws IOException {
    Path config = folder.resolve("config.json");
    Map<String, UnaryOperator<ObjectNode>> cases =
        Map.of(
            config + ": model_type must be one of ",
            json -> json.put("model_type", "llava"),
            config + ": hidden_size must be an integer, got \"wide\"",
            json -> json.put("hidden_size", "wide"),
            config + ": num_hidden_layers must be positive, got 0",
            json -> json.put("num_hidden_layers", 0),
            config + ": hidden_act must be silu, got \"gelu\"",
            json -> json.put("hidden_act", "gelu"),
            config + ": use_sliding_window must be false, got true",
            json -> json.put("use_sliding_window", true));
    for (Map.Entry<String, UnaryOperator<ObjectNode>> entry : cases.entrySet()) {
      var json = (ObjectNode) Goldens.json(goldens.folder().resolve("config.json"));
      JSON.writeValue(config.toFile(), entry.getValue().apply(json));

      assertFails(entry.getKey());
    }
    Files.writeString(config, "{");
    assertFails(config + ": not valid JSON");
  }

  private void assertFails(String message) {
    assertThatThrownBy(() -> VisionLanguageModels.load(folder, ModelOptions.onCpu()))
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith(message);
  }
}
