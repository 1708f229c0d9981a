package dev.sampo.vlm.family;

import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.image.ImageLimits;
import dev.sampo.vlm.image.ImageProcessor;
import dev.sampo.vlm.text.PromptFormat;
import java.io.IOException;
import java.util.Set;

/**
 * What one family of models does in its own way. A family is a package with an implementation that
 * is named in {@code META-INF/services/dev.sampo.vlm.family.ModelFamily}.
 */
public interface ModelFamily {

  /** Values of {@code model_type} in config.json that mean this family. */
  Set<String> modelTypes();

  /**
   * Reads the shape of a model.
   *
   * @throws ModelException if a setting is missing, wrong or not supported
   */
  Architecture architecture(ModelFolder folder);

  /** How questions are put where a run does not say it. */
  QuestionStyle questionStyle();

  /** How a conversation becomes token ids. */
  PromptFormat promptFormat(ModelFolder folder) throws IOException;

  /**
   * How pictures become patches.
   *
   * @param limits go before what the folder says about the size of pictures
   * @throws IOException if a file is missing or broken; the message names it
   * @throws IllegalArgumentException if a setting is not supported
   */
  ImageProcessor imageProcessor(ModelFolder folder, ImageLimits limits) throws IOException;
}
