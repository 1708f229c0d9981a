package dev.sampo.vlm.internvl;

import dev.sampo.vlm.decoder.DecoderSettings;
import dev.sampo.vlm.family.Architecture;
import dev.sampo.vlm.family.ConfigReader;
import dev.sampo.vlm.family.ModelFamily;
import dev.sampo.vlm.family.ModelFolder;
import dev.sampo.vlm.family.QuestionStyle;
import dev.sampo.vlm.image.ImageLimits;
import dev.sampo.vlm.image.ImageProcessor;
import dev.sampo.vlm.image.TileImageProcessor;
import dev.sampo.vlm.image.TileSettings;
import dev.sampo.vlm.text.CheckpointJson;
import dev.sampo.vlm.text.PromptFormat;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;

/**
 * InternVL 2.5 and 3 in the layout of Transformers. Absent settings take the values of its {@code
 * InternVLConfig}.
 */
public final class InternVlFamily implements ModelFamily {
  private static final int IMAGE_TOKEN = 151667;

  /** Of queries and keys, whatever the other norms have. */
  private static final double QUERY_NORM_EPSILON = 1e-6;

  @Override
  public Set<String> modelTypes() {
    return Set.of("internvl");
  }

  @Override
  public Architecture architecture(ModelFolder folder) {
    ConfigReader config = ConfigReader.of(folder);
    ConfigReader text = config.sectionOrEmpty("text_config");
    DecoderSettings decoder =
        DecoderKind.of(text, DecoderKind.QWEN2, DecoderKind.LLAMA).settings(text);
    TileTowerSettings tower = tower(config.sectionOrEmpty("vision_config"));
    config.oneOf("projector_hidden_act", Set.of("gelu"), "gelu");
    // "full" keeps the class token, and no square can be made of what that gives.
    config.oneOf("vision_feature_select_strategy", Set.of("default"), "default");
    return InternVlNetwork.of(config, decoder, tower, "vision_feature_layer", true)
        .architecture(config, config.integer("image_token_id", IMAGE_TOKEN), new NativeLayout());
  }

  private static TileTowerSettings tower(ConfigReader vision) {
    vision.oneOf("hidden_act", Set.of("gelu"), "gelu");
    var norms = new TreeSet<>(Set.of("layer_norm", "rms_norm"));
    String norm = vision.oneOf("norm_type", norms, "layer_norm");
    return vision.checked(() ->
        new TileTowerSettings(
            vision.integer("num_hidden_layers", 24),
            vision.integer("hidden_size", 1024),
            vision.integer("intermediate_size", 4096),
            vision.integer("num_attention_heads", 16),
            vision.integer("num_channels", 3),
            vision.side("patch_size", 14),
            vision.side("image_size", 448),
            norm.equals("rms_norm"),
            vision.number("layer_norm_eps", 1e-6),
            vision.flag("use_qk_norm", false),
            QUERY_NORM_EPSILON,
            vision.flag("attention_bias", false),
            vision.flag("use_absolute_position_embeddings", true),
            !vision.flag("use_mean_pooling", true),
            vision.number("layer_scale_init_value", 0.1)));
  }

  @Override
  public QuestionStyle questionStyle() {
    return QuestionStyle.GENERAL;
  }

  @Override
  public PromptFormat promptFormat(ModelFolder folder) {
    return new InternVlPromptFormat(InternVlNetwork.merge(ConfigReader.of(folder)));
  }

  @Override
  public ImageProcessor imageProcessor(ModelFolder folder, ImageLimits limits) throws IOException {
    int patchSize = ConfigReader.of(folder).sectionOrEmpty("vision_config").side("patch_size", 14);
    var processor = CheckpointJson.read(folder.path().resolve("preprocessor_config.json"));
    return new TileImageProcessor(TileSettings.ofTransformers(processor, patchSize).with(limits));
  }
}
