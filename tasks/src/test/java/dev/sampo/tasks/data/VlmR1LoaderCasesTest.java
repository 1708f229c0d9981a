package dev.sampo.tasks.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.awt.image.BufferedImage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the loader of VLM-R1 made of rows, recorded by running it. */
class VlmR1LoaderCasesTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  @TempDir Path folder;

  static Stream<JsonNode> loaderCases() throws IOException {
    // A count of methods that differs from the count of files cannot be expressed here.
    return cases("dataset_pipeline")
        .filter(row -> !row.at("/extra/note").asText().equals("method count mismatch"));
  }

  static Stream<JsonNode> templateCases() throws IOException {
    return cases("qwen.get_question_template");
  }

  @ParameterizedTest
  @MethodSource("loaderCases")
  void rowsBecomeThePromptsThatTheirLoaderMakes(JsonNode recorded) throws IOException {
    JsonNode extra = recorded.path("extra");
    DataSet data = write(extra);
    JsonNode expected = recorded.path("expected");
    if (expected.has("raises")) {
      assertThat(data.row(0)).isInstanceOf(DataRow.BadRow.class);
      return;
    }

    assertThat(data.size()).isEqualTo(expected.size());
    // Their loader drops all images when the first row has none; ours does not.
    boolean imagesLost = extra.path("note").asText().startsWith("text-only first row");
    for (int i = 0; i < data.size(); i++) {
      DataRow.Example row = (DataRow.Example) data.row(i);
      JsonNode wanted = expected.get(i);
      JsonNode content = wanted.at("/prompt/0/content");
      assertThat(row.question()).isEqualTo(wanted.path("problem").asText());
      assertThat(row.prompt().solution()).isEqualTo(wanted.path("solution").asText());
      assertThat(row.prompt().text())
          .isEqualTo(content.get(content.size() - 1).path("text").asText());
      assertThat(row.prompt().fields().get("accu_reward_method"))
          .isEqualTo(wanted.path("accu_reward_method").toString());
      if (!imagesLost) {
        assertThat(row.prompt().images()).hasSize(content.size() - 1);
      }
      if (wanted.has("difficulty")) {
        assertThat(row.prompt().fields().get("difficulty"))
            .isEqualTo(wanted.path("difficulty").toString());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("templateCases")
  void templatesAreThoseOfVlmR1(JsonNode recorded) {
    String task = recorded.at("/extra/task_type").asText();

    assertThat(QuestionTemplate.forTask(task).text()).isEqualTo(recorded.path("expected").asText());
  }

  private DataSet write(JsonNode extra) throws IOException {
    List<DataFile> files = new ArrayList<>();
    for (JsonNode file : extra.path("files")) {
      Path images = Files.createDirectory(folder.resolve("img" + files.size()));
      for (JsonNode image : file.path("images")) {
        ImageIO.write(
            new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB),
            "png",
            images.resolve(image.asText()).toFile());
      }
      StringBuilder lines = new StringBuilder();
      file.path("lines").forEach(line -> lines.append(line).append('\n'));
      Path jsonl = Files.writeString(folder.resolve(files.size() + ".jsonl"), lines);
      files.add(
          new DataFile(
              jsonl, images, extra.path("reward_method").asText(DataFile.COMMON_REWARD_METHOD)));
    }
    String task = extra.path("task_type").asText();
    return DataSet.open(files, task, QuestionTemplate.forTask(task), new ImageFiles());
  }

  private static Stream<JsonNode> cases(String function) throws IOException {
    List<JsonNode> cases = new ArrayList<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(
                    VlmR1LoaderCasesTest.class.getResourceAsStream(
                        "/dev/sampo/tasks/vlm-r1-cases.jsonl")),
                StandardCharsets.UTF_8))) {
      for (String line : lines.lines().toList()) {
        cases.add(JSON.readTree(line));
      }
    }
    return cases.stream().filter(row -> row.path("function").asText().equals(function));
  }
}
