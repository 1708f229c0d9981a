package dev.sampo.actors.question;

import dev.sampo.config.RunConfig;
import dev.sampo.tasks.data.QuestionTemplate;
import dev.sampo.vlm.family.ModelFamilies;
import dev.sampo.vlm.family.ModelFolder;

/** The question template of a run. */
public final class RunQuestions {
  private RunQuestions() {}

  /**
   * What the run says, else what VLM-R1 asks models of this family.
   *
   * @throws dev.sampo.vlm.ModelException if the run does not say and the family is not known
   */
  public static QuestionTemplate template(RunConfig config) {
    return config
        .data()
        .questionTemplate()
        .map(QuestionTemplate::new)
        .orElseGet(() -> ofFamily(config));
  }

  private static QuestionTemplate ofFamily(RunConfig config) {
    ModelFolder folder = ModelFolder.read(config.model().path());
    return switch (ModelFamilies.of(folder).questionStyle()) {
      case BY_TASK -> QuestionTemplate.forTask(config.data().task());
      case GENERAL -> QuestionTemplate.general();
    };
  }
}
