package dev.sampo.vlm.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.prompt.VlmProcessor;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFamiliesTest {
  private static final JsonMapper JSON = new JsonMapper();
  private final Path original = Goldens.of("windows-tied").folder();
  @TempDir private Path folder;

  /** Everything a model is opened with finds a family that nothing but its registration names. */
  @Test
  void aRegisteredFamilyIsOpenedLikeAnyOther() throws IOException {
    copyAs(RenamedFamily.TYPE);

    try (VisionLanguageModel model = VisionLanguageModels.load(folder, ModelOptions.onCpu());
        VisionLanguageModel same = VisionLanguageModels.load(original, ModelOptions.onCpu());
        VlmProcessor processor = VlmProcessor.load(folder);
        VlmProcessor sameProcessor = VlmProcessor.load(original)) {
      assertThat(WeightArrays.sha256(model.parameters()))
          .isEqualTo(WeightArrays.sha256(same.parameters()));
      assertThat(processor.encode("the red square", List.of()).tokenIds())
          .isEqualTo(sameProcessor.encode("the red square", List.of()).tokenIds());
    }
  }

  @Test
  void anUnknownFamilyIsAnsweredWithThoseThatAreKnown() throws IOException {
    copyAs("glm4v");

    assertThatThrownBy(() -> ModelFamilies.of(ModelFolder.read(folder)))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining(
            "config.json: model_type must be one of internvl, internvl_chat, qwen2_5_vl, qwen2_vl,"
                + " renamed_vl, got glm4v");
  }

  private void copyAs(String modelType) throws IOException {
    try (var files = Files.newDirectoryStream(original, Files::isRegularFile)) {
      for (Path file : files) {
        Files.copy(file, folder.resolve(file.getFileName().toString()));
      }
    }
    Path config = folder.resolve("config.json");
    ObjectNode settings = (ObjectNode) JSON.readTree(config.toFile());
    JSON.writeValue(config.toFile(), settings.put("model_type", modelType));
  }
}
