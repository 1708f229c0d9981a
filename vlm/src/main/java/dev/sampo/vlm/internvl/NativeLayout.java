package dev.sampo.vlm.internvl;

import dev.sampo.vlm.weights.Parameter;
import dev.sampo.vlm.weights.StoredSlice;
import dev.sampo.vlm.weights.WeightLayout;
import java.util.Map;
import java.util.Set;

/**
 * Names of the published checkpoints for Transformers; files with the names that it has in memory
 * since 4.52 are read too.
 */
record NativeLayout() implements WeightLayout {
  /** How names begin, in files and in memory. */
  private static final Map<String, String> MEMORY_PREFIXES =
      Map.of(
          "language_model.model.", "model.language_model.",
          "language_model.lm_head", "lm_head",
          "vision_tower.", "model.vision_tower.",
          "multi_modal_projector.", "model.multi_modal_projector.");

  @Override
  public StoredSlice locate(Parameter parameter) {
    return StoredSlice.whole(parameter.name(), parameter);
  }

  @Override
  public String storedName(String nameInFile) {
    return MEMORY_PREFIXES.entrySet().stream()
        .filter(entry -> nameInFile.startsWith(entry.getValue()))
        .map(entry -> entry.getKey() + nameInFile.substring(entry.getValue().length()))
        .findFirst()
        .orElse(nameInFile);
  }

  /** A tied head, and a token that only a training of the tower alone looks at. */
  @Override
  public Set<String> ignored() {
    return Set.of("language_model.lm_head.weight", "vision_tower.embeddings.mask_token");
  }

  @Override
  public String modulePath(String module) {
    return MEMORY_PREFIXES.entrySet().stream()
        .filter(entry -> module.startsWith(entry.getKey()))
        .map(entry -> entry.getValue() + module.substring(entry.getKey().length()))
        .findFirst()
        .orElse(module);
  }
}
