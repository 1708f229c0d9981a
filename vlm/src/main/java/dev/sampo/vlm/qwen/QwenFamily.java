package dev.sampo.vlm.qwen;

import dev.sampo.vlm.BoxFrame;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.decoder.DecoderSettings;
import dev.sampo.vlm.decoder.DecoderTable;
import dev.sampo.vlm.family.Architecture;
import dev.sampo.vlm.family.ConfigReader;
import dev.sampo.vlm.family.ModelFamily;
import dev.sampo.vlm.family.ModelFolder;
import dev.sampo.vlm.family.QuestionStyle;
import dev.sampo.vlm.image.ImageLimits;
import dev.sampo.vlm.image.ImageProcessor;
import dev.sampo.vlm.image.PatchImageProcessor;
import dev.sampo.vlm.image.PatchSettings;
import dev.sampo.vlm.qwen.QwenVisionSettings.BlockKind;
import dev.sampo.vlm.text.CheckpointJson;
import dev.sampo.vlm.text.PromptFormat;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Qwen2-VL and Qwen2.5-VL. Settings of the decoder lie at the top of {@code config.json}, as
 * published, or under {@code text_config}, as Transformers writes them since 4.52.
 */
public final class QwenFamily implements ModelFamily {
  private static final String QWEN2 = "qwen2_vl";
  private static final String QWEN2_5 = "qwen2_5_vl";

  @Override
  public Set<String> modelTypes() {
    return Set.of(QWEN2, QWEN2_5);
  }

  @Override
  public Architecture architecture(ModelFolder folder) {
    ConfigReader config = ConfigReader.of(folder);
    DecoderSettings decoder = decoder(config);
    ConfigReader visionConfig = config.section("vision_config");
    String type = config.text("model_type", "");
    QwenVisionSettings vision = vision(folder);
    if (vision.outHiddenSize() != decoder.hiddenSize()) {
      throw visionConfig.invalid(
          type.equals(QWEN2) ? "hidden_size" : "out_hidden_size",
          "the decoder's hidden_size " + decoder.hiddenSize(),
          visionConfig.node().path(type.equals(QWEN2) ? "hidden_size" : "out_hidden_size"));
    }
    int imageToken = config.integer("image_token_id");
    return config.checked(() ->
        new Architecture(
            type,
            decoder,
            DecoderTable.of(decoder, "model.", "lm_head"),
            QwenVisionTable.of(vision),
            weights -> new VisionTower(vision, weights),
            "visual.",
            new BoxFrame.ResizedImage(vision.patchSize()),
            imageToken,
            new QwenWeightLayout()));
  }

  /**
   * Shape of the vision tower.
   *
   * @throws ModelException if a setting is missing, wrong or not supported
   */
  public static QwenVisionSettings vision(ModelFolder folder) {
    ConfigReader config = ConfigReader.of(folder);
    ConfigReader vision = config.section("vision_config");
    boolean isQwen2 = config.text("model_type", "").equals(QWEN2);
    return vision.checked(() -> isQwen2 ? qwen2Vision(vision) : qwen25Vision(vision));
  }

  @Override
  public QuestionStyle questionStyle() {
    return QuestionStyle.BY_TASK;
  }

  @Override
  public PromptFormat promptFormat(ModelFolder folder) throws IOException {
    return new QwenPromptFormat(patches(folder).mergeSize());
  }

  @Override
  public ImageProcessor imageProcessor(ModelFolder folder, ImageLimits limits) throws IOException {
    return new PatchImageProcessor(patches(folder).with(limits));
  }

  private static PatchSettings patches(ModelFolder folder) throws IOException {
    return PatchSettings.of(CheckpointJson.read(folder.path().resolve("preprocessor_config.json")));
  }

  private static DecoderSettings decoder(ConfigReader config) {
    ConfigReader text = config.has("text_config") ? config.section("text_config") : config;
    text.oneOf("hidden_act", Set.of("silu"), "silu");
    if (text.flag("use_sliding_window", false)) {
      throw text.invalid("use_sliding_window", "false", text.node().path("use_sliding_window"));
    }
    ConfigReader rope = text.section("rope_scaling");
    rope.oneOf("type", Set.of("mrope", "default"), "mrope");
    ConfigReader tied = config.has("tie_word_embeddings") ? config : text;
    int heads = text.integer("num_attention_heads");
    return text.checked(() ->
        new DecoderSettings(
            text.integer("vocab_size"),
            text.integer("hidden_size"),
            text.integer("intermediate_size"),
            text.integer("num_hidden_layers"),
            heads,
            text.integer("num_key_value_heads"),
            DecoderSettings.headSize(text.integer("hidden_size"), heads),
            text.number("rms_norm_eps"),
            text.number("rope_theta"),
            rope.integers("mrope_section"),
            true,
            tied.flag("tie_word_embeddings", false),
            Integer.MAX_VALUE));
  }

  private static QwenVisionSettings qwen2Vision(ConfigReader vision) {
    vision.oneOf("hidden_act", Set.of("quick_gelu"), "quick_gelu");
    int depth = vision.integer("depth");
    int width = vision.integer("embed_dim");
    return new QwenVisionSettings(
        BlockKind.LAYER_NORM,
        depth,
        width,
        (int) (width * vision.number("mlp_ratio", 4)),
        vision.integer("num_heads"),
        channels(vision),
        vision.integer("patch_size"),
        vision.integer("temporal_patch_size"),
        vision.integer("spatial_merge_size"),
        Integer.MAX_VALUE,
        IntStream.range(0, depth).boxed().toList(),
        vision.integer("hidden_size"));
  }

  private static QwenVisionSettings qwen25Vision(ConfigReader vision) {
    vision.oneOf("hidden_act", Set.of("silu"), "silu");
    List<Integer> full = vision.integers("fullatt_block_indexes");
    return new QwenVisionSettings(
        BlockKind.GATED,
        vision.integer("depth"),
        vision.integer("hidden_size"),
        vision.integer("intermediate_size"),
        vision.integer("num_heads"),
        channels(vision),
        vision.integer("patch_size"),
        vision.integer("temporal_patch_size"),
        vision.integer("spatial_merge_size"),
        vision.integer("window_size"),
        full,
        vision.integer("out_hidden_size"));
  }

  private static int channels(ConfigReader vision) {
    return vision.integer(vision.has("in_channels") ? "in_channels" : "in_chans", 3);
  }
}
