package dev.sampo.vlm.image;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * What becomes of an 8-bit sample: {@code (sample * scale - mean) / std}.
 *
 * @param scale applied to the sample, 1 for none
 * @param mean subtracted from scaled red, green and blue
 * @param std divides what is left
 */
public record Normalisation(double scale, List<Double> mean, List<Double> std) {
  static final int CHANNELS = 3;

  /** Statistics of the CLIP models, which Qwen2-VL took over. */
  static final Normalisation CLIP =
      new Normalisation(
          1 / 255.0,
          List.of(0.48145466, 0.4578275, 0.40821073),
          List.of(0.26862954, 0.26130258, 0.27577711));

  /** Statistics of ImageNet, with which InternVL was trained. */
  static final Normalisation IMAGENET =
      new Normalisation(1 / 255.0, List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225));

  public Normalisation {
    mean = List.copyOf(mean);
    std = List.copyOf(std);
    ProcessorConfig.require(mean.size() == CHANNELS, "image_mean", mean, "three numbers");
    ProcessorConfig.require(
        std.size() == CHANNELS && std.stream().allMatch(s -> s > 0),
        "image_std",
        std,
        "three above 0");
  }

  /** Reads {@code preprocessor_config.json}; a key that is absent is taken from the fallback. */
  static Normalisation of(JsonNode json, Normalisation fallback) {
    boolean normalize = json.path("do_normalize").asBoolean(true);
    boolean rescale = json.path("do_rescale").asBoolean(true);
    return new Normalisation(
        rescale ? json.path("rescale_factor").asDouble(fallback.scale) : 1,
        normalize ? triple(json.path("image_mean"), fallback.mean) : List.of(0.0, 0.0, 0.0),
        normalize ? triple(json.path("image_std"), fallback.std) : List.of(1.0, 1.0, 1.0));
  }

  private static List<Double> triple(JsonNode value, List<Double> fallback) {
    return value.isArray() ? value.valueStream().map(JsonNode::asDouble).toList() : fallback;
  }

  /**
   * Value of every sample, rounded where Transformers' processors on NumPy round: after scaling (in
   * double precision), after subtracting and after dividing. The processors on torch ("Fast") fold
   * the scale into mean and std and are up to 2.4e-7 off.
   */
  float[][] levels() { // [channels][256]
    float[][] levels = new float[CHANNELS][256];
    for (int channel = 0; channel < CHANNELS; channel++) {
      for (int sample = 0; sample < 256; sample++) {
        levels[channel][sample] =
            ((float) (sample * scale) - mean.get(channel).floatValue())
                / std.get(channel).floatValue();
      }
    }
    return levels;
  }
}
