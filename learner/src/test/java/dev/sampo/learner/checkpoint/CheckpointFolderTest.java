package dev.sampo.learner.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.learner.LearnerException;
import dev.sampo.learner.TinyQwen;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.learner.optimizer.AdamWSettings;
import dev.sampo.vlm.VisionLanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NullUnmarked
class CheckpointFolderTest {
  private static final AdamWSettings SETTINGS = new AdamWSettings(0.1, 0.9, 0.99, 1e-8, 1);

  @TempDir private Path temp;
  private VisionLanguageModel model;
  private AdamW optimizer;
  private CheckpointFolder checkpoints;

  @BeforeEach
  void open() throws IOException {
    Path modelFolder = TinyQwen.modelFolder(temp);
    Files.writeString(modelFolder.resolve("tokenizer.json"), "{}");
    Files.writeString(modelFolder.resolve("build.py"), "not part of a model");
    Files.writeString(modelFolder.resolve("model.safetensors"), "weights of the start");
    model = TinyQwen.initialize(modelFolder, 1);
    optimizer = new AdamW(model.parameters(), SETTINGS);
    checkpoints = new CheckpointFolder(temp.resolve("checkpoints"), modelFolder, 2);
  }

  @AfterEach
  void close() {
    optimizer.close();
    model.close();
  }

  @Test
  void aCheckpointIsAModelFolderWithTheStateOfTheRun() {
    optimizer.step(0.1, 0);

    Path folder = checkpoints.save(model, optimizer, 100, 7, Map.of("cursor", "12"));

    assertThat(folder.getFileName()).hasToString("step-1");
    assertThat(folder.toFile().list())
        .containsExactlyInAnyOrder(
            "config.json",
            "tokenizer.json",
            "model.safetensors",
            "optimizer.safetensors",
            "trainer_state.json");
    TrainerState state = CheckpointFolder.state(folder);
    assertThat(state.step()).isEqualTo(1);
    assertThat(state.totalSteps()).isEqualTo(100);
    assertThat(state.seed()).isEqualTo(7);
    assertThat(state.progress()).containsExactly(Map.entry("cursor", "12"));
    try (VisionLanguageModel loaded = TinyQwen.load(folder)) {
      assertThat(loaded.parameters().keySet()).isEqualTo(model.parameters().keySet());
    }
  }

  /** As published InternVL folders: modules that {@code auto_map} names import others. */
  @Test
  void codeThatTheConfigurationNamesAndFurtherTemplatesGoAlong() throws IOException {
    Path start = temp.resolve("model");
    Files.writeString(
        start.resolve("tokenizer_config.json"),
        "{\"auto_map\": {\"AutoTokenizer\": [\"tokens.Tokens\", null]}}");
    Files.writeString(start.resolve("tokens.py"), "from .words import Words");
    Files.writeString(start.resolve("words.py"), "class Words: pass");
    Path templates = Files.createDirectory(start.resolve("additional_chat_templates"));
    Files.writeString(templates.resolve("tools.jinja"), "{{ tools }}");

    Path folder = checkpoints.save(model, optimizer, 100, 7, Map.of());

    assertThat(folder.resolve("tokens.py")).hasSameTextualContentAs(start.resolve("tokens.py"));
    assertThat(folder.resolve("words.py")).hasSameTextualContentAs(start.resolve("words.py"));
    assertThat(folder.resolve("additional_chat_templates/tools.jinja")).hasContent("{{ tools }}");
  }

  @Test
  void onlyTheNewestAreKeptAndUnfinishedOnesDoNotCount() throws IOException {
    for (int step = 0; step < 3; step++) {
      optimizer.step(0.1, 0);
      checkpoints.save(model, optimizer, 100, 7, Map.of());
    }
    Files.createDirectories(temp.resolve("checkpoints/step-9.partial"));

    assertThat(checkpoints.latest()).contains(temp.resolve("checkpoints/step-3"));
    assertThat(temp.resolve("checkpoints/step-1")).doesNotExist();
    assertThat(temp.resolve("checkpoints/step-2")).exists();
  }

  @Test
  void savingTheSameStepAgainReplacesIt() {
    checkpoints.save(model, optimizer, 100, 7, Map.of("cursor", "1"));

    Path folder = checkpoints.save(model, optimizer, 100, 7, Map.of("cursor", "2"));

    assertThat(CheckpointFolder.state(folder).progress()).containsEntry("cursor", "2");
  }

  @Test
  void weightsThatWereExchangedAreNoticed() {
    Path folder = checkpoints.save(model, optimizer, 100, 7, Map.of());
    try (VisionLanguageModel other = TinyQwen.initialize(temp.resolve("model"), 2);
        AdamW otherOptimizer = new AdamW(other.parameters(), SETTINGS)) {
      assertThatThrownBy(() -> CheckpointFolder.resume(folder, other, otherOptimizer))
          .isInstanceOf(LearnerException.class)
          .hasMessageContaining(folder.toString())
          .hasMessageContaining("SHA-256");
    }
  }

  @Test
  void aTornOptimizerFileIsNamed() throws IOException {
    Path folder = checkpoints.save(model, optimizer, 100, 7, Map.of());
    Path moments = folder.resolve("optimizer.safetensors");
    byte[] bytes = Files.readAllBytes(moments);
    Files.write(moments, Arrays.copyOf(bytes, bytes.length / 2));

    assertThatThrownBy(() -> CheckpointFolder.resume(folder, model, optimizer))
        .isInstanceOf(LearnerException.class)
        .hasMessageContaining(moments.toString());
  }

  @Test
  void aFolderWithoutStateCannotBeResumed() {
    assertThatThrownBy(() -> CheckpointFolder.state(temp))
        .isInstanceOf(LearnerException.class)
        .hasMessage("cannot resume from " + temp + ": it has no trainer_state.json");
  }

  @Test
  void aCheckpointThatCannotBeWrittenLeavesTheEarlierOne() throws IOException {
    Path folder = checkpoints.save(model, optimizer, 100, 7, Map.of("cursor", "1"));
    Files.delete(temp.resolve("model/config.json"));
    Files.delete(temp.resolve("model/build.py"));
    Files.delete(temp.resolve("model/tokenizer.json"));
    Files.delete(temp.resolve("model/model.safetensors"));
    Files.delete(temp.resolve("model"));

    assertThatThrownBy(() -> checkpoints.save(model, optimizer, 100, 7, Map.of("cursor", "2")))
        .isInstanceOf(LearnerException.class)
        .hasMessageContaining("cannot write checkpoint");
    assertThat(CheckpointFolder.state(folder).progress()).containsEntry("cursor", "1");
  }
}
