package dev.sampo.vlm.internvl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.lora.AdapterSource;
import dev.sampo.vlm.lora.LoraAdapter;
import dev.sampo.vlm.lora.LoraSettings;
import dev.sampo.vlm.weights.ElementType;
import dev.sampo.vlm.weights.SafetensorsFile;
import dev.sampo.vlm.weights.StoredTensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Adapters on what the layout of OpenGVLab keeps in one matrix. */
class PackedAdaptersTest {
  private static final String WQKV =
      "no adapter is possible on language_model.model.layers.0.attention.wqkv: the layout of"
          + " OpenGVLab (model_type internvl_chat) packs queries, keys and values into it; choose"
          + " other targets, or use the model in the layout of Transformers";

  @ParameterizedTest
  @CsvSource({
    "opengvlab-internlm2, wqkv, language_model.model.layers.0.attention.wqkv",
    "opengvlab-internlm2, attn.qkv, vision_model.encoder.layers.0.attn.qkv",
    "opengvlab-qwen2, .*, vision_model.encoder.layers.0.attn.qkv"
  })
  void targetsInPackedMatricesAreRefused(String model, String target, String packed) {
    assertThatThrownBy(() -> open(model, fresh(List.of(target))))
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith("no adapter is possible on " + packed + ":");
  }

  @Test
  void soAreTheStandardTargetsOfAnInternLm2Decoder() {
    assertThatThrownBy(() -> open("opengvlab-internlm2", fresh(List.of())))
        .isInstanceOf(ModelException.class)
        .hasMessage(WQKV);
  }

  @Test
  void otherModulesHaveTheNamesOfThePublishedCode() {
    try (VisionLanguageModel model =
            open("opengvlab-internlm2", fresh(List.of("attention.wo", "feed_forward.*")));
        VisionLanguageModel standard = open("opengvlab-qwen2", fresh(List.of("q_proj")))) {
      assertThat(model.trainable(Set.of()))
          .containsKey("base_model.model.language_model.model.layers.0.attention.wo.lora_A.weight");
      assertThat(standard.trainable(Set.of()))
          .hasSize(2 * 2)
          .containsKey(
              "base_model.model.language_model.model.layers.0.self_attn.q_proj.lora_A.weight");
    }
  }

  @Test
  void filesWithSuchAdaptersAreRefused(@TempDir Path folder) throws IOException {
    Files.writeString(
        folder.resolve("adapter_config.json"),
        "{\"peft_type\": \"LORA\", \"r\": 1, \"lora_alpha\": 1}");
    var matrices = new TreeMap<String, StoredTensor>();
    for (String matrix : List.of("A", "B")) {
      matrices.put(
          "base_model.model.language_model.model.layers.0.attention.wqkv.lora_%s.weight"
              .formatted(matrix),
          new StoredTensor(ElementType.F32, List.of(1L, 1L), MemorySegment.ofArray(new byte[4])));
    }
    Path file = folder.resolve(LoraAdapter.FILE);
    SafetensorsFile.write(file, matrices);

    assertThatThrownBy(() -> open("opengvlab-internlm2", new AdapterSource.Stored(folder)))
        .isInstanceOf(ModelException.class)
        .hasMessage("adapter %s: %s", file, WQKV);
  }

  private static AdapterSource fresh(List<String> targets) {
    return new AdapterSource.Fresh(new LoraSettings(1, 1, 0, targets), 1);
  }

  private static VisionLanguageModel open(String model, AdapterSource adapters) {
    return VisionLanguageModels.load(
        Goldens.of(model).folder(), ModelOptions.onCpu().with(adapters));
  }
}
