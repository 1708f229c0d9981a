package dev.sampo.actors.question;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.config.RunConfig;
import dev.sampo.config.RunConfigReader;
import dev.sampo.tasks.data.QuestionTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How the rows of a run are asked. */
class RunQuestionsTest {
  @TempDir private Path model;

  @ParameterizedTest
  @CsvSource({"qwen2_vl, true", "qwen2_5_vl, true", "internvl, false", "internvl_chat, false"})
  void boxesAreAskedForAsJsonWhereTheFamilyKnowsIt(String modelType, boolean asJson)
      throws IOException {
    RunConfig config = config(modelType);

    assertThat(RunQuestions.template(config))
        .isEqualTo(asJson ? QuestionTemplate.forTask("rec") : QuestionTemplate.general());
    assertThat(RunQuestions.template(config).ask("Where?").contains("JSON")).isEqualTo(asJson);
  }

  @ParameterizedTest
  @CsvSource({"qwen2_5_vl", "internvl"})
  void theRunsOwnTemplateGoesFirst(String modelType) throws IOException {
    RunConfig config = config(modelType, "data.question-template=Say: {Question}");

    assertThat(RunQuestions.template(config).ask("Where?")).isEqualTo("Say: Where?");
  }

  private RunConfig config(String modelType, String... settings) throws IOException {
    Files.writeString(
        model.resolve("config.json"), "{\"model_type\": \"%s\"}".formatted(modelType));
    List<String> assignments = new ArrayList<>(List.of(settings));
    assignments.add("model.path=" + model);
    return RunConfigReader.readText("", "test", assignments).settings();
  }
}
