package dev.sampo.vlm.qwen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.decoder.DecoderSettings;
import dev.sampo.vlm.family.ModelFolder;
import dev.sampo.vlm.qwen.QwenVisionSettings.BlockKind;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a config.json leaves out has the value that Transformers gives it. */
class QwenConfigTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String ROPE = "\"rope_scaling\": {\"mrope_section\": [16, 24, 24]}";

  @Test
  void absentSettingsOfTheTowerAreThoseOfQwen25() {
    QwenVisionSettings vision =
        QwenFamily.vision(
            folder(
                "{'model_type': 'qwen2_5_vl', 'vision_config': {'hidden_size': 1280, 'in_chans': 3}}"));

    assertThat(vision)
        .isEqualTo(
            new QwenVisionSettings(
                BlockKind.GATED,
                32,
                1280,
                3420,
                16,
                3,
                14,
                2,
                2,
                112,
                List.of(7, 15, 23, 31),
                3584));
  }

  @Test
  void absentSettingsOfTheTowerAreThoseOfQwen2() {
    QwenVisionSettings vision = QwenFamily.vision(folder("{'model_type': 'qwen2_vl'}"));

    assertThat(vision.blocks()).isEqualTo(BlockKind.LAYER_NORM);
    assertThat(vision.hiddenSize()).isEqualTo(1280);
    assertThat(vision.intermediateSize()).isEqualTo(5120);
    assertThat(vision.fullAttentionBlocks()).hasSize(32);
    assertThat(vision.outHiddenSize()).isEqualTo(3584);
  }

  @Test
  void absentSettingsOfTheDecoderAreThoseOfTransformers() {
    DecoderSettings decoder =
        decoder("{'vision_config': {'out_hidden_size': 8192}, 'text_config': {%s}}");

    assertThat(decoder)
        .isEqualTo(
            new DecoderSettings(
                152_064,
                8192,
                29_568,
                80,
                64,
                8,
                128,
                1e-5,
                1e6,
                List.of(16, 24, 24),
                true,
                false,
                Integer.MAX_VALUE));
  }

  @ParameterizedTest
  @CsvSource({
    "true, , false",
    ", true, true",
    "true, false, false",
    "false, true, true",
  })
  void theSectionOfTheDecoderSaysWhetherTheHeadIsTied(String top, String section, boolean isTied) {
    String config =
        "{%s 'vision_config': {'out_hidden_size': 8192}, 'text_config': {%s %%s}}"
            .formatted(tied(top), tied(section));

    assertThat(decoder(config).tiedHead()).isEqualTo(isTied);
  }

  private static String tied(String value) {
    return value == null ? "" : "'tie_word_embeddings': %s,".formatted(value);
  }

  @ParameterizedTest
  @CsvSource({"type", "rope_type"})
  void rotaryScalingThatIsNotSupportedIsNamedUnderEitherKey(String key) {
    String config =
        "{'model_type': 'qwen2_5_vl', 'rope_scaling': {'%s': 'yarn', 'factor': 4, 'mrope_section': [1, 1, 2]}}"
            .formatted(key);

    assertThatThrownBy(() -> new QwenFamily().architecture(folder(config)))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("rope_scaling.%s must be default or mrope, got \"yarn\"", key);
  }

  private static DecoderSettings decoder(String config) {
    String typed = "{'model_type': 'qwen2_5_vl', " + config.formatted(ROPE).substring(1);
    return new QwenFamily().architecture(folder(typed)).decoder();
  }

  private static ModelFolder folder(String config) {
    try {
      return new ModelFolder(Path.of("model"), JSON.readTree(config.replace('\'', '"')));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }
}
