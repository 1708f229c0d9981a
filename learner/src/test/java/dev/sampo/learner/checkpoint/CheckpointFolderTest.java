package dev.sampo.learner.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.learner.LearnerException;
import dev.sampo.learner.TinyQwen;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.learner.optimizer.AdamWSettings;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@NullUnmarked
class CheckpointFolderTest {
  private static final AdamWSettings SETTINGS = new AdamWSettings(0.1, 0.9, 0.99, 1e-8, 1);

  @TempDir private Path temp;
  private VisionLanguageModel model;
  private AdamW optimizer;
  private CheckpointFolder checkpoints;
  private final List<String> warnings = new ArrayList<>();

  @BeforeEach
  void open() throws IOException {
    Path modelFolder = TinyQwen.modelFolder(temp);
    Files.writeString(modelFolder.resolve("tokenizer.json"), "{}");
    Files.writeString(modelFolder.resolve("build.py"), "not part of a model");
    Files.writeString(modelFolder.resolve("model.safetensors"), "weights of the start");
    model = TinyQwen.initialize(modelFolder, 1);
    optimizer = new AdamW(model.parameters(), SETTINGS);
    checkpoints = folder(new Retention(2, 0));
  }

  @AfterEach
  void close() {
    optimizer.close();
    model.close();
  }

  private CheckpointFolder folder(Retention retention) {
    return new CheckpointFolder(temp.resolve("checkpoints"), temp.resolve("model"), retention);
  }

  private Path save(long step, String cursor) {
    return save(checkpoints, step, cursor);
  }

  private Path save(CheckpointFolder into, long step, String cursor) {
    PolicyVersion version =
        new PolicyVersion("run-7", 1, step, WeightArrays.sha256(model.parameters()));
    TrainerState state =
        new TrainerState(version, 100, 7, Map.of("learner.epsilon", "1"), Map.of("cursor", cursor));
    return into.save(model, state, Map.of(CheckpointFolder.OPTIMIZER, optimizer.state()));
  }

  @Test
  void aCheckpointIsAModelFolderWithTheStateOfTheRun() {
    Path folder = save(1, "12");

    assertThat(folder.getFileName()).hasToString("step-1");
    assertThat(folder.toFile().list())
        .containsExactlyInAnyOrder(
            "config.json",
            "tokenizer.json",
            "model.safetensors",
            "optimizer.safetensors",
            "trainer_state.json");
    CheckpointFolder.verify(folder, model);
    TrainerState state = CheckpointFolder.state(folder);
    assertThat(state.step()).isEqualTo(1);
    assertThat(state.version().runId()).isEqualTo("run-7");
    assertThat(state.totalSteps()).isEqualTo(100);
    assertThat(state.seed()).isEqualTo(7);
    assertThat(state.settings()).containsExactly(Map.entry("learner.epsilon", "1"));
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

    Path folder = save(0, "");

    assertThat(folder.resolve("tokens.py")).hasSameTextualContentAs(start.resolve("tokens.py"));
    assertThat(folder.resolve("words.py")).hasSameTextualContentAs(start.resolve("words.py"));
    assertThat(folder.resolve("additional_chat_templates/tools.jinja")).hasContent("{{ tools }}");
  }

  @Test
  void theNewestStayAndThoseKeptForGood() {
    CheckpointFolder kept = folder(new Retention(2, 4));
    for (int step = 1; step <= 7; step++) {
      save(kept, step, "");
    }

    assertThat(temp.resolve("checkpoints").toFile().list())
        .containsExactlyInAnyOrder("step-4", "step-6", "step-7");
    assertThat(kept.newest(warnings::add)).contains(temp.resolve("checkpoints/step-7"));
  }

  /** Else ledger and recording would keep everything since the first of them. */
  @Test
  void whatStaysForGoodIsNotNeededToGoOn() {
    CheckpointFolder kept = folder(new Retention(2, 4));
    assertThat(kept.oldestNeeded()).isEmpty();

    for (int step = 4; step <= 7; step++) {
      save(kept, step, "");
    }
    assertThat(kept.oldestNeeded()).hasValue(6);
    save(kept, 8, "");
    assertThat(kept.oldestNeeded()).hasValue(6);
  }

  @Test
  void whereAllStayForGoodTheNewestAreNeeded() {
    CheckpointFolder kept = folder(new Retention(2, 4));
    for (int step = 4; step <= 16; step += 4) {
      save(kept, step, "");
    }

    assertThat(kept.oldestNeeded()).hasValue(12);
  }

  /** A folder that is no complete checkpoint may be what somebody needs to look at. */
  @Test
  void onlyCompleteOnesAreDeleted() throws IOException {
    Path torn = save(1, "");
    Files.delete(torn.resolve("model.safetensors"));
    save(2, "");
    save(3, "");
    save(4, "");

    assertThat(temp.resolve("checkpoints").toFile().list())
        .containsExactlyInAnyOrder("step-1", "step-3", "step-4");
  }

  /** Else a run that fell back to the one before would soon have deleted all that it can use. */
  @Test
  void aDamagedOneDoesNotCountAmongThoseThatStay() throws IOException {
    save(1, "");
    save(2, "");
    Damage.CHANGED.doTo(save(3, "").resolve("optimizer.safetensors"));
    CheckpointFolder later = folder(new Retention(2, 0));

    save(later, 4, "");

    assertThat(temp.resolve("checkpoints").toFile().list())
        .containsExactlyInAnyOrder("step-2", "step-3", "step-4");
    Damage.CHANGED.doTo(temp.resolve("checkpoints/step-4/config.json"));
    assertThat(later.newest(warnings::add)).contains(temp.resolve("checkpoints/step-2"));
  }

  @Test
  void savingTheSameStepAgainReplacesIt() {
    save(3, "1");

    Path folder = save(3, "2");

    assertThat(CheckpointFolder.state(folder).progress()).containsEntry("cursor", "2");
    assertThat(temp.resolve("checkpoints").toFile().list()).containsExactly("step-3");
  }

  @Test
  void whatACrashHasLeftIsPutRight() throws IOException {
    Path folder = save(3, "1");
    Files.move(folder, temp.resolve("checkpoints/step-3.old"));
    Files.createDirectories(temp.resolve("checkpoints/step-3.partial/deep"));
    Files.createDirectories(temp.resolve("checkpoints/step-9.partial"));

    assertThat(checkpoints.newest(warnings::add)).contains(folder);

    assertThat(CheckpointFolder.state(folder).progress()).containsEntry("cursor", "1");
    assertThat(temp.resolve("checkpoints").toFile().list()).containsExactly("step-3");
    assertThat(warnings).isEmpty();
  }

  @Test
  void weightsThatWereExchangedAreNoticed() {
    Path folder = save(0, "");
    try (VisionLanguageModel other = TinyQwen.initialize(temp.resolve("model"), 2)) {
      assertThatThrownBy(() -> CheckpointFolder.verify(folder, other))
          .isInstanceOf(LearnerException.class)
          .hasMessageContaining(folder.toString())
          .hasMessageContaining("SHA-256");
    }
  }

  enum Damage {
    TORN,
    CHANGED,
    GONE;

    void doTo(Path file) throws IOException {
      byte[] bytes = Files.readAllBytes(file);
      switch (this) {
        case TORN -> Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
        case CHANGED -> {
          bytes[bytes.length / 2] ^= 1;
          Files.write(file, bytes);
        }
        case GONE -> Files.delete(file);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "model.safetensors, TORN",
    "model.safetensors, CHANGED",
    "optimizer.safetensors, TORN",
    "optimizer.safetensors, CHANGED",
    "optimizer.safetensors, GONE",
    "config.json, CHANGED",
    "trainer_state.json, TORN",
    "trainer_state.json, GONE"
  })
  void aDamagedCheckpointIsNamedAndTheOneBeforeIsTaken(String name, Damage damage)
      throws IOException {
    Path good = save(1, "");
    Path bad = save(2, "");

    damage.doTo(bad.resolve(name));

    assertThat(checkpoints.newest(warnings::add)).contains(good);
    assertThat(warnings).singleElement().asString().contains(bad.toString()).contains(name);
  }

  @Test
  void withoutAWholeCheckpointNothingIsGuessed() throws IOException {
    Damage.TORN.doTo(save(1, "").resolve("optimizer.safetensors"));
    Damage.GONE.doTo(save(2, "").resolve("model.safetensors"));

    assertThatThrownBy(() -> checkpoints.newest(warnings::add))
        .isInstanceOf(LearnerException.class)
        .hasMessage("none of the 2 checkpoints in " + temp.resolve("checkpoints") + " is whole");
  }

  @Test
  void aCheckpointOfAnotherFormatIsRefused() throws IOException {
    Path state = save(1, "").resolve("trainer_state.json");
    Files.writeString(state, Files.readString(state).replace("\"format\" : 2", "\"format\" : 3"));

    assertThatThrownBy(() -> CheckpointFolder.state(state.getParent()))
        .isInstanceOf(LearnerException.class)
        .hasMessage(state + " has format 3, this program reads 2");

    Files.writeString(state, "{}");
    assertThatThrownBy(() -> CheckpointFolder.state(state.getParent()))
        .isInstanceOf(LearnerException.class)
        .hasMessage(state + " has no format, this program reads 2");
  }

  @Test
  void aFolderWithoutStateCannotBeResumed() {
    assertThatThrownBy(() -> CheckpointFolder.state(temp))
        .isInstanceOf(LearnerException.class)
        .hasMessage("cannot resume from " + temp + ": it has no trainer_state.json");
  }

  @Test
  void aCheckpointThatCannotBeWrittenLeavesTheEarlierOne() throws IOException {
    Path folder = save(3, "1");
    Files.move(temp.resolve("model"), temp.resolve("gone"));

    assertThatThrownBy(() -> save(3, "2"))
        .isInstanceOf(LearnerException.class)
        .hasMessageContaining("cannot write checkpoint");
    assertThat(CheckpointFolder.state(folder).progress()).containsEntry("cursor", "1");
  }
}
