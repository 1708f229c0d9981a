package dev.sampo.vlm.family;

import dev.sampo.vlm.image.ImageLimits;
import dev.sampo.vlm.image.ImageProcessor;
import dev.sampo.vlm.qwen.QwenFamily;
import dev.sampo.vlm.text.PromptFormat;
import java.io.IOException;
import java.util.Set;

/** A family that only the tests have: Qwen2.5-VL under another name. */
public final class RenamedFamily implements ModelFamily {
  static final String TYPE = "renamed_vl";

  private final QwenFamily original = new QwenFamily();

  @Override
  public Set<String> modelTypes() {
    return Set.of(TYPE);
  }

  @Override
  public Architecture architecture(ModelFolder folder) {
    return original.architecture(folder);
  }

  @Override
  public QuestionStyle questionStyle() {
    return QuestionStyle.GENERAL;
  }

  @Override
  public PromptFormat promptFormat(ModelFolder folder) throws IOException {
    return original.promptFormat(folder);
  }

  @Override
  public ImageProcessor imageProcessor(ModelFolder folder, ImageLimits limits) throws IOException {
    return original.imageProcessor(folder, limits);
  }
}
