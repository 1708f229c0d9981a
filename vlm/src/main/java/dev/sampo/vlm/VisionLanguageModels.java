package dev.sampo.vlm;

import dev.sampo.vlm.family.AdapterFolder;
import dev.sampo.vlm.family.Architecture;
import dev.sampo.vlm.family.FamilyModel;
import dev.sampo.vlm.family.ModelFamilies;
import dev.sampo.vlm.family.ModelFolder;
import dev.sampo.vlm.lora.AdapterSource;
import dev.sampo.vlm.lora.LinearModule;
import dev.sampo.vlm.lora.LoraSettings;
import dev.sampo.vlm.weights.Parameter.Part;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Opens model folders in the Hugging Face layout, whatever family they hold. */
public final class VisionLanguageModels {
  private VisionLanguageModels() {}

  /**
   * Loads a checkpoint: {@code config.json} and safetensors weights. A folder that holds adapters
   * in place of weights is loaded with the model that they were trained on.
   *
   * @throws ModelException if the family is unknown or the folder cannot be used
   */
  public static VisionLanguageModel load(Path path, ModelOptions options) {
    if (AdapterFolder.isOne(path)) {
      return load(AdapterFolder.baseModel(path), options.with(new AdapterSource.Stored(path)));
    }
    ModelFolder folder = ModelFolder.read(path);
    return FamilyModel.load(ModelFamilies.of(folder).architecture(folder), path, options);
  }

  /**
   * A clean start with the shape that the folder's {@code config.json} asks for. The same seed
   * gives the same weights.
   *
   * @throws ModelException if the family is unknown or a setting is not supported
   */
  public static VisionLanguageModel initialize(Path path, long seed, ModelOptions options) {
    ModelFolder folder = ModelFolder.read(path);
    return FamilyModel.initialize(
        ModelFamilies.of(folder).architecture(folder), path, seed, options);
  }

  /**
   * Checks that new adapters fit a model, without loading it.
   *
   * @param frozen parts whose adapters are not trained
   * @throws ModelException if a target matches none of its linear layers, or all that match are
   *     frozen
   */
  public static void requireTargets(Path path, LoraSettings settings, Set<Part> frozen) {
    ModelFolder folder = ModelFolder.read(path);
    Architecture architecture = ModelFamilies.of(folder).architecture(folder);
    List<LinearModule> chosen;
    try {
      chosen = settings.choose(architecture.linears());
    } catch (IllegalArgumentException e) {
      throw new ModelException(path + ": " + e.getMessage(), e);
    }
    if (chosen.stream().allMatch(module -> frozen.contains(module.part()))) {
      throw new ModelException(
          "%s: all %d adapters lie on frozen parts, so nothing would be trained; frozen are %s"
              .formatted(path, chosen.size(), new TreeSet<>(frozen)));
    }
  }
}
