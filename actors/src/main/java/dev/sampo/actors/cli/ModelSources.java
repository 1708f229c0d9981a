package dev.sampo.actors.cli;

import dev.sampo.config.ModelSource;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.prompt.VlmProcessor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** Opens what a configuration names as its model. */
final class ModelSources {
  private ModelSources() {}

  /**
   * Opens the policy that a run starts from.
   *
   * @throws dev.sampo.vlm.ModelException when the folder cannot be used
   */
  static VisionLanguageModel open(ModelSource source, long seed) {
    return switch (source.init()) {
      case CHECKPOINT -> VisionLanguageModels.load(source.path());
      case RANDOM -> VisionLanguageModels.initialize(source.path(), seed);
    };
  }

  /** Opens the tokenizer and the image processor of a model folder. */
  static VlmProcessor processor(Path folder) {
    try {
      return VlmProcessor.load(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
