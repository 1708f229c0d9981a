package dev.sampo.vlm.qwen;

import dev.sampo.vlm.weights.Parameter;
import dev.sampo.vlm.weights.StoredSlice;
import dev.sampo.vlm.weights.WeightLayout;
import java.util.Set;

/**
 * Names of the published checkpoints; files with the names that Transformers has in memory since
 * 4.52 are read too.
 */
record QwenWeightLayout() implements WeightLayout {
  private static final String MEMORY_VISION = "model.visual.";
  private static final String MEMORY_DECODER = "model.language_model.";

  @Override
  public StoredSlice locate(Parameter parameter) {
    return StoredSlice.whole(parameter.name(), parameter);
  }

  @Override
  public String storedName(String nameInFile) {
    if (nameInFile.startsWith(MEMORY_VISION)) {
      return "visual." + nameInFile.substring(MEMORY_VISION.length());
    }
    if (nameInFile.startsWith(MEMORY_DECODER)) {
      return "model." + nameInFile.substring(MEMORY_DECODER.length());
    }
    return nameInFile;
  }

  @Override
  public Set<String> ignored() {
    return Set.of("lm_head.weight");
  }

  @Override
  public String modulePath(String module) {
    if (module.startsWith("visual.")) {
      return "model." + module;
    }
    return module.startsWith("model.")
        ? MEMORY_DECODER + module.substring("model.".length())
        : module;
  }
}
