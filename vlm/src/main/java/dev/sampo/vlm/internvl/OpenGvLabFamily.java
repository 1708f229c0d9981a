package dev.sampo.vlm.internvl;

import dev.sampo.vlm.ModelException;
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
import dev.sampo.vlm.text.TextTokenizer;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;

/**
 * InternVL 2.5 and 3 in the layout of OpenGVLab. Absent settings take the values of its {@code
 * InternVLChatConfig} and {@code InternVisionConfig}.
 */
public final class OpenGvLabFamily implements ModelFamily {

  @Override
  public Set<String> modelTypes() {
    return Set.of("internvl_chat");
  }

  @Override
  public Architecture architecture(ModelFolder folder) {
    ConfigReader config = ConfigReader.of(folder);
    ConfigReader text = config.section("llm_config");
    DecoderKind kind = DecoderKind.of(text, DecoderKind.values());
    DecoderSettings decoder = kind.settings(text);
    TileTowerSettings tower = tower(config.sectionOrEmpty("vision_config"));
    String version = config.oneOf("ps_version", new TreeSet<>(Set.of("v1", "v2")), "v1");
    return InternVlNetwork.of(config, decoder, tower, "select_layer", version.equals("v2"))
        .architecture(config, imageToken(folder), new OpenGvLabLayout(kind, decoder));
  }

  private static TileTowerSettings tower(ConfigReader vision) {
    vision.oneOf("hidden_act", Set.of("gelu"), "gelu");
    var norms = new TreeSet<>(Set.of("layer_norm", "rms_norm"));
    String norm = vision.oneOf("norm_type", norms, "rms_norm");
    double epsilon = vision.number("layer_norm_eps", 1e-6);
    return vision.checked(() ->
        new TileTowerSettings(
            vision.integer("num_hidden_layers", 48),
            vision.integer("hidden_size", 3200),
            vision.integer("intermediate_size", 12800),
            vision.integer("num_attention_heads", 25),
            vision.integer("num_channels", 3),
            vision.integer("patch_size", 14),
            vision.integer("image_size", 224),
            norm.equals("rms_norm"),
            epsilon,
            vision.flag("qk_normalization", true),
            epsilon,
            vision.flag("qkv_bias", false),
            true,
            false,
            vision.number("initializer_factor", 0.1)));
  }

  /** The published code looks it up by its text, because config.json does not say. */
  private static int imageToken(ModelFolder folder) {
    String token = InternVlPromptFormat.IMAGE_TOKEN;
    try (TextTokenizer tokenizer = TextTokenizer.load(folder.path(), Set.of(token))) {
      return tokenizer.requireId(token);
    } catch (IOException e) {
      throw new ModelException(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public QuestionStyle questionStyle() {
    return QuestionStyle.GENERAL;
  }

  @Override
  public PromptFormat promptFormat(ModelFolder folder) throws IOException {
    var images = new InternVlPromptFormat(InternVlNetwork.merge(ConfigReader.of(folder)));
    return OpenGvLabPromptFormat.of(folder, images);
  }

  @Override
  public ImageProcessor imageProcessor(ModelFolder folder, ImageLimits limits) throws IOException {
    var processor = CheckpointJson.read(folder.path().resolve("preprocessor_config.json"));
    return new TileImageProcessor(
        TileSettings.ofOpenGvLab(folder.config(), processor).with(limits));
  }
}
