package dev.sampo.vlm.internvl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.vlm.decoder.DecoderSettings;
import dev.sampo.vlm.weights.Parameter;
import dev.sampo.vlm.weights.Parameter.Part;
import dev.sampo.vlm.weights.StoredSlice;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OpenGvLabLayoutTest {
  private final OpenGvLabLayout qwen2 = new OpenGvLabLayout(DecoderKind.QWEN2, decoder());
  private final OpenGvLabLayout internLm2 = new OpenGvLabLayout(DecoderKind.INTERNLM2, decoder());

  /** Four heads of two values on two key/value heads. */
  private static DecoderSettings decoder() {
    return new DecoderSettings(
        10, 8, 12, 1, 4, 2, 2, 1e-6, 10000, List.of(1, 0, 0), false, false, 100);
  }

  @Test
  void towerKeepsQueriesThenKeysThenValues() {
    String attention = "vision_tower.encoder.layer.7.attention.";

    assertThat(
            Stream.of("q", "k", "v")
                .map(part -> qwen2.locate(parameter(attention + part + "_proj.weight", 6))))
        .containsExactly(
            new StoredSlice("vision_model.encoder.layers.7.attn.qkv.weight", 1, 18, 0, 6),
            new StoredSlice("vision_model.encoder.layers.7.attn.qkv.weight", 1, 18, 6, 6),
            new StoredSlice("vision_model.encoder.layers.7.attn.qkv.weight", 1, 18, 12, 6));
    assertThat(qwen2.locate(parameter(attention + "k_proj.bias", 6)))
        .isEqualTo(new StoredSlice("vision_model.encoder.layers.7.attn.qkv.bias", 1, 18, 6, 6));
  }

  /** Rows of a group: two query heads of two rows, a key of two, a value of two. */
  @Test
  void internLm2KeepsQueriesKeyAndValueOfEachKeyHeadTogether() {
    String attention = "language_model.model.layers.3.self_attn.";
    String packed = "language_model.model.layers.3.attention.wqkv.weight";

    assertThat(internLm2.locate(parameter(attention + "q_proj.weight", 8)))
        .isEqualTo(new StoredSlice(packed, 2, 8, 0, 4));
    assertThat(internLm2.locate(parameter(attention + "k_proj.weight", 4)))
        .isEqualTo(new StoredSlice(packed, 2, 8, 4, 2));
    assertThat(internLm2.locate(parameter(attention + "v_proj.weight", 4)))
        .isEqualTo(new StoredSlice(packed, 2, 8, 6, 2));
  }

  @Test
  void qwen2KeepsQueriesKeysAndValuesApart() {
    String name = "language_model.model.layers.3.self_attn.q_proj.bias";

    assertThat(qwen2.locate(parameter(name, 8))).isEqualTo(new StoredSlice(name, 1, 8, 0, 8));
  }

  @ParameterizedTest
  @CsvSource({
    "vision_tower.embeddings.cls_token, vision_model.embeddings.class_embedding",
    "vision_tower.encoder.layer.0.lambda_2, vision_model.encoder.layers.0.ls2",
    "vision_tower.encoder.layer.0.layernorm_after.bias, vision_model.encoder.layers.0.norm2.bias",
    "multi_modal_projector.linear_2.weight, mlp1.3.weight",
    "language_model.model.embed_tokens.weight, language_model.model.tok_embeddings.weight",
    "language_model.model.norm.weight, language_model.model.norm.weight",
    "language_model.lm_head.weight, language_model.output.weight",
    "language_model.model.layers.1.mlp.down_proj.weight,"
        + " language_model.model.layers.1.feed_forward.w2.weight",
    "language_model.model.layers.1.mlp.up_proj.weight,"
        + " language_model.model.layers.1.feed_forward.w3.weight",
    "language_model.model.layers.1.post_attention_layernorm.weight,"
        + " language_model.model.layers.1.ffn_norm.weight"
  })
  void wholeTensorsHaveThePublishedNames(String name, String published) {
    assertThat(internLm2.locate(parameter(name, 5)).tensor()).isEqualTo(published);
  }

  private static Parameter parameter(String name, long rows) {
    return new Parameter(name, List.of(rows, 8L), Part.DECODER, 1, 0);
  }
}
