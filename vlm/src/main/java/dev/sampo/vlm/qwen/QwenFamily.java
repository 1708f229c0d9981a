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
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Qwen2-VL and Qwen2.5-VL. Settings of the decoder lie at the top of {@code config.json}, as
 * published, or under {@code text_config}, as Transformers writes them since 4.52.
 */
public final class QwenFamily implements ModelFamily {
  private static final String QWEN2 = "qwen2_vl";
  private static final String QWEN2_5 = "qwen2_5_vl";
  private static final int IMAGE_TOKEN = 151_655;
  private static final Set<String> ROTARY_TYPES = new TreeSet<>(Set.of("default", "mrope"));

  @Override
  public Set<String> modelTypes() {
    return Set.of(QWEN2, QWEN2_5);
  }

  @Override
  public Architecture architecture(ModelFolder folder) {
    ConfigReader config = ConfigReader.of(folder);
    DecoderSettings decoder = decoder(config);
    ConfigReader visionConfig = config.sectionOrEmpty("vision_config");
    String type = config.text("model_type", "");
    QwenVisionSettings vision = vision(folder);
    if (vision.outHiddenSize() != decoder.hiddenSize()) {
      throw visionConfig.invalid(
          type.equals(QWEN2) ? "hidden_size" : "out_hidden_size",
          "the decoder's hidden_size " + decoder.hiddenSize(),
          visionConfig.node().path(type.equals(QWEN2) ? "hidden_size" : "out_hidden_size"));
    }
    int imageToken = config.integer("image_token_id", IMAGE_TOKEN);
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
    ConfigReader vision = config.sectionOrEmpty("vision_config");
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

  /** Absent keys take the values of {@code Qwen2_5_VLTextConfig}. */
  private static DecoderSettings decoder(ConfigReader config) {
    // As Transformers does: where there is a section of its own, nothing at the top counts.
    ConfigReader text = config.has("text_config") ? config.section("text_config") : config;
    text.oneOf("hidden_act", Set.of("silu"), "silu");
    if (text.flag("use_sliding_window", false)) {
      throw text.invalid("use_sliding_window", "false", text.node().path("use_sliding_window"));
    }
    ConfigReader rope = text.section("rope_scaling");
    rope.oneOf(rope.has("type") ? "type" : "rope_type", ROTARY_TYPES, "mrope");
    int width = text.integer("hidden_size", 8192);
    int heads = text.integer("num_attention_heads", 64);
    return text.checked(() ->
        new DecoderSettings(
            text.integer("vocab_size", 152_064),
            width,
            text.integer("intermediate_size", 29_568),
            text.integer("num_hidden_layers", 80),
            heads,
            text.integer("num_key_value_heads", 8),
            DecoderSettings.headSize(width, heads),
            text.number("rms_norm_eps", 1e-5),
            text.number("rope_theta", 1_000_000),
            rope.integers("mrope_section"),
            true,
            text.flag("tie_word_embeddings", false),
            Integer.MAX_VALUE));
  }

  /** Absent keys take the values of {@code Qwen2VLVisionConfig}. */
  private static QwenVisionSettings qwen2Vision(ConfigReader vision) {
    vision.oneOf("hidden_act", Set.of("quick_gelu"), "quick_gelu");
    int depth = vision.integer("depth", 32);
    int width = vision.integer("embed_dim", 1280);
    return new QwenVisionSettings(
        BlockKind.LAYER_NORM,
        depth,
        width,
        (int) (width * vision.number("mlp_ratio", 4)),
        vision.integer("num_heads", 16),
        channels(vision),
        vision.integer("patch_size", 14),
        vision.integer("temporal_patch_size", 2),
        vision.integer("spatial_merge_size", 2),
        Integer.MAX_VALUE,
        IntStream.range(0, depth).boxed().toList(),
        vision.integer("hidden_size", 3584));
  }

  /** Absent keys take the values of {@code Qwen2_5_VLVisionConfig}. */
  private static QwenVisionSettings qwen25Vision(ConfigReader vision) {
    vision.oneOf("hidden_act", Set.of("silu"), "silu");
    return new QwenVisionSettings(
        BlockKind.GATED,
        vision.integer("depth", 32),
        vision.integer("hidden_size", 3584),
        vision.integer("intermediate_size", 3420),
        vision.integer("num_heads", 16),
        channels(vision),
        vision.integer("patch_size", 14),
        vision.integer("temporal_patch_size", 2),
        vision.integer("spatial_merge_size", 2),
        vision.integer("window_size", 112),
        vision.integers("fullatt_block_indexes", List.of(7, 15, 23, 31)),
        vision.integer("out_hidden_size", 3584));
  }

  private static int channels(ConfigReader vision) {
    return vision.integer(vision.has("in_channels") ? "in_channels" : "in_chans", 3);
  }
}
