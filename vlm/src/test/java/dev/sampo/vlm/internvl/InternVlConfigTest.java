package dev.sampo.vlm.internvl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.decoder.DecoderSettings;
import dev.sampo.vlm.family.Architecture;
import dev.sampo.vlm.family.ModelFamilies;
import dev.sampo.vlm.family.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Settings of both layouts: those that change the network, and those that are refused. */
class InternVlConfigTest {
  private static final JsonMapper JSON = new JsonMapper();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "internvl-300m   | text_config.model_type   | \"qwen3\"  | llama or qwen2",
        "internvl-300m   | text_config.hidden_act   | \"gelu\"   | silu",
        "internvl-300m   | vision_config.norm_type  | \"batch\"  | layer_norm or rms_norm",
        "internvl-300m   | vision_config.hidden_act | \"relu\"   | gelu",
        "internvl-300m   | vision_feature_select_strategy | \"full\" | default",
        "internvl-300m   | downsample_ratio         | 0.3        | 1, 0.5 or 0.25",
        "opengvlab-qwen2 | llm_config.model_type    | \"phi3\"   | internlm2 or llama or qwen2",
        "opengvlab-qwen2 | llm_config.rope_scaling.rope_type | \"yarn\" | default or dynamic",
        "opengvlab-qwen2 | ps_version               | \"v3\"     | v1 or v2",
        "opengvlab-internlm2 | llm_config.bias      | true       | false"
      })
  void aSettingThatIsNotSupportedIsNamedWithItsValue(
      String goldens, String key, String value, String allowed) throws IOException {
    assertThatThrownBy(() -> architecture(goldens, key, JSON.readTree(value)))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("config.json: %s must be %s, got %s", key, allowed, value);
  }

  @ParameterizedTest
  @CsvSource({
    "internvl-300m, vision_feature_layer, 3",
    "internvl-300m, vision_feature_layer, -4",
    "opengvlab-qwen2, select_layer, 3"
  })
  void aFeatureLayerIsOneOfTheTower(String goldens, String key, int layer) {
    assertThatThrownBy(() -> architecture(goldens, key, JSON.getNodeFactory().numberNode(layer)))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("%s must be in [-3, 2], got %d", key, layer);
  }

  @Test
  void dynamicScalingBoundsThePositions() {
    String key = "text_config.max_position_embeddings";

    DecoderSettings decoder =
        architecture("internvl-300m", key, JSON.getNodeFactory().numberNode(77)).decoder();

    assertThat(decoder.maxPositions()).isEqualTo(77);
  }

  @Test
  void imageTokenOfTheOriginalLayoutIsTheTokenizers() {
    ModelFolder folder = ModelFolder.read(Goldens.of("opengvlab-qwen2").folder());

    assertThat(ModelFamilies.of(folder).architecture(folder).imageTokenId()).isEqualTo(518);
  }

  @Test
  void imageTokenIsFoundInTheOlderFilesOfATokenizerToo(@TempDir Path path) throws IOException {
    Path recorded = Goldens.of("opengvlab-qwen2").folder();
    Files.copy(recorded.resolve("config.json"), path.resolve("config.json"));
    JsonNode tokenizer = Goldens.json(recorded.resolve("tokenizer.json"));
    JSON.writeValue(path.resolve("vocab.json").toFile(), tokenizer.path("model").path("vocab"));
    Files.write(
        path.resolve("merges.txt"),
        tokenizer
            .path("model")
            .path("merges")
            .valueStream()
            .map(pair ->
                pair.isTextual()
                    ? pair.asText()
                    : pair.get(0).asText() + " " + pair.get(1).asText())
            .toList());
    ObjectNode settings = JSON.createObjectNode().put("tokenizer_class", "Qwen2Tokenizer");
    ObjectNode added = settings.putObject("added_tokens_decoder");
    tokenizer.path("added_tokens").forEach(token -> added.set(token.path("id").asText(), token));
    JSON.writeValue(path.resolve("tokenizer_config.json").toFile(), settings);
    ModelFolder folder = ModelFolder.read(path);

    assertThat(ModelFamilies.of(folder).architecture(folder).imageTokenId()).isEqualTo(518);
  }

  @Test
  void absentSettingsAreThoseOfTransformers() {
    var config = JSON.createObjectNode().put("model_type", "internvl");
    ModelFolder folder = new ModelFolder(Path.of("model"), config);

    Architecture architecture = ModelFamilies.of(folder).architecture(folder);

    assertThat(architecture.imageTokenId()).isEqualTo(151_667);
    assertThat(architecture.decoder().vocabularySize()).isEqualTo(151_936);
    assertThat(architecture.decoder().numKeyValueHeads()).isEqualTo(32);
    assertThat(architecture.visionTable().parameters())
        .filteredOn(parameter -> parameter.name().endsWith("mlp.fc1.weight"))
        .hasSize(24)
        .allMatch(parameter -> parameter.shape().equals(List.of(4096L, 1024L)));
  }

  /** The architecture of a recorded folder with one setting changed. */
  private static Architecture architecture(String goldens, String key, JsonNode value) {
    ModelFolder folder = ModelFolder.read(Goldens.of(goldens).folder());
    JsonNode config = folder.config().deepCopy();
    String[] path = key.split("\\.", -1);
    ObjectNode node = (ObjectNode) config;
    for (int i = 0; i < path.length - 1; i++) {
      node = (ObjectNode) node.path(path[i]);
    }
    node.set(path[path.length - 1], value);
    ModelFolder changed = new ModelFolder(folder.path(), config);
    return ModelFamilies.of(changed).architecture(changed);
  }
}
