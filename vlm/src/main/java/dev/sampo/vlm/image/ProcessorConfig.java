package dev.sampo.vlm.image;

import com.fasterxml.jackson.databind.JsonNode;

/** Checks of {@code preprocessor_config.json} that every processor needs. */
final class ProcessorConfig {
  private static final int PIL_BICUBIC = 3;

  private ProcessorConfig() {}

  static void requireBicubic(JsonNode json) {
    int resample = json.path("resample").asInt(PIL_BICUBIC);
    require(resample == PIL_BICUBIC, "resample", resample, "3 (bicubic)");
  }

  static void require(boolean condition, String key, Object value, String allowed) {
    if (!condition) {
      throw new IllegalArgumentException(
          "preprocessor_config.json: %s is %s, allowed is %s".formatted(key, value, allowed));
    }
  }
}
