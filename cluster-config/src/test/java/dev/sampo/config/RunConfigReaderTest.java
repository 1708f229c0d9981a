package dev.sampo.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.sampo.learner.objective.MismatchAction;
import dev.sampo.learner.objective.MismatchLevel;
import dev.sampo.learner.objective.MismatchWeights;
import dev.sampo.learner.objective.ObjectivePreset;
import dev.sampo.learner.objective.ObjectiveSettings;
import dev.sampo.learner.objective.RatioAnchor;
import dev.sampo.learner.objective.WeightBounds;
import dev.sampo.vlm.image.ImageLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class RunConfigReaderTest {
  @TempDir private Path folder;

  @Test
  void theDefaultsAreAValidConfiguration() {
    RunConfig defaults = RunConfigReader.read(Optional.empty(), List.of()).settings();

    assertThat(defaults.rollout().groupSize()).isEqualTo(8);
    assertThat(defaults.staleness().maxWait()).isEqualTo(Duration.ofSeconds(5));
    assertThat(defaults.node().join()).isEmpty();
  }

  @Test
  void theFileWinsOverTheDefaultsAndTheCommandLineOverTheFile() throws IOException {
    Path file = write("sampo { learner.learning-rate = 1e-3, run.steps = 7 }");

    RunConfig config =
        RunConfigReader.read(Optional.of(file), List.of("run.steps=9", "run.steps=11")).settings();

    assertThat(config.learner().learningRate()).isEqualTo(1e-3);
    assertThat(config.run().steps()).isEqualTo(11);
  }

  @Test
  void everyErrorIsReportedAtOnceWithItsPlace() throws IOException {
    Path file =
        write(
            """
            sampo {
              run.naem = x
              run.seed = 1.5
              learner { learning-rate = -1, threads = 0 }
              model.init = chekpoint
              reward.functions = [{name = iou, weight = heavy}]
            }
            other = 1
            """);

    InvalidConfigException refusal =
        catchThrowableOfType(
            InvalidConfigException.class,
            () -> RunConfigReader.read(Optional.of(file), List.of("sampling.top-p=7", "oops")));

    assertThat(String.valueOf(refusal.getMessage()).lines())
        .containsExactlyInAnyOrder(
            "--set oops: oops: needs the form key=value, like learner.learning-rate=1e-4",
            "--set sampling.top-p=7: sampo.sampling.top-p: must be in (0, 1], got 7.0",
            file + ":2: sampo.run.naem: unknown key; did you mean name?",
            file + ":3: sampo.run.seed: needs a whole number, got 1.5",
            file + ":4: sampo.learner.learning-rate: must be > 0, got -1.0",
            file + ":4: sampo.learner.threads: must be >= 1, got 0",
            file + ":5: sampo.model.init: needs one of checkpoint, random, got \"chekpoint\"",
            file + ":6: sampo.reward.functions[0].weight: needs a number, got \"heavy\"",
            file + ":8: other: unknown section; allowed here: sampo, pekko");
  }

  @Test
  void aValueInAListNamesTheOptionThatSaidIt() {
    String option = "reward.functions=[{name = iou, weight = NaN}]";

    assertThatThrownBy(() -> RunConfigReader.read(Optional.empty(), List.of(option)))
        .isInstanceOf(InvalidConfigException.class)
        .hasMessageStartingWith(
            "--set " + option + ": sampo.reward.functions[0].weight: needs a number");
  }

  @Test
  void aReferenceThatCannotFollowIsRefused() {
    assertThatThrownBy(() ->
            RunConfigReader.read(
                Optional.empty(),
                List.of("learner.reference.sync-every=2", "model.lora.enabled=true")))
        .hasMessageContaining(
            "learner.reference.sync-every must be 0 where model.lora.enabled is true");
    assertThatThrownBy(() ->
            RunConfigReader.read(
                Optional.empty(),
                List.of("learner.reference.sync-every=2", "learner.objective.kl.beta=0")))
        .hasMessageContaining("reference.sync-every must be 0 where objective.kl.beta is 0");
  }

  @Test
  void aSynchronousRunThatShallBeRepeatableNeedsALearnerOfOneThread() {
    assertThatThrownBy(() ->
            RunConfigReader.read(
                Optional.empty(),
                List.of("rollout.deterministic=true", "staleness.max=0", "learner.threads=2")))
        .hasMessageContaining(
            "learner.threads must be 1 where rollout.deterministic is true and staleness.max is 0")
        .hasMessageEndingWith("got 2");
    assertThat(
            RunConfigReader.read(
                    Optional.empty(), List.of("rollout.deterministic=true", "learner.threads=2"))
                .settings()
                .rollout()
                .deterministic())
        .isTrue();
  }

  @Test
  void trainingOnGreedyCompletionsIsRefused() {
    assertThatThrownBy(
            () -> RunConfigReader.read(Optional.empty(), List.of("sampling.temperature=0")))
        .hasMessageContaining("sampling.temperature must be > 0")
        .message()
        .hasLineCount(1);
  }

  @Test
  void aDivergenceInTheRewardIsReadAndRendered() {
    LoadedConfig loaded =
        RunConfigReader.read(
            Optional.empty(),
            List.of(
                "learner.objective.preset=rloo",
                "learner.objective.kl.beta=0.05",
                "learner.objective.kl.estimator=k1",
                "learner.objective.kl.place=reward"));

    LoadedConfig again = RunConfigReader.readText(loaded.render(), "rendered", List.of());

    assertThat(again.settings().learner().objective().kl().isInReward()).isTrue();
    assertThatThrownBy(() ->
            RunConfigReader.read(
                Optional.empty(),
                List.of("learner.objective.preset=rloo", "learner.objective.kl.place=reward")))
        .hasMessageContaining("sampo.learner.objective.kl.place: must be loss where beta is 0")
        .message()
        .hasLineCount(1);
  }

  @Test
  void groupsAreReplacedOnlyWhereAFilterCallsThemUseless() {
    assertThatThrownBy(
            () -> RunConfigReader.read(Optional.empty(), List.of("learner.max-extra-groups=8")))
        .hasMessageContaining("max-extra-groups")
        .hasMessageContaining("must be 0 where objective.filter leaves nothing out");
    assertThatThrownBy(() ->
            RunConfigReader.read(
                Optional.empty(),
                List.of(
                    "learner.max-extra-groups=8",
                    "learner.objective.filter.min-std=0",
                    "learner.objective.kl.beta=0.1",
                    "learner.objective.kl.place=reward")))
        .hasMessageContaining("and where objective.kl.place is reward");
    assertThat(
            RunConfigReader.read(
                    Optional.empty(),
                    List.of("learner.max-extra-groups=8", "learner.objective.filter.min-std=0"))
                .settings()
                .learner()
                .maxExtraGroups())
        .isEqualTo(8);
  }

  @Test
  void limitsOfImagesAreOptionalAndChecked() throws IOException {
    Path wrong =
        write("sampo.model { images { min-pixels = 300, max-pixels = 200 }, lora.rank = 0 }");

    assertThat(RunConfigReader.read(Optional.empty(), List.of()).settings().model().images())
        .isEqualTo(ImageLimits.NONE);
    assertThatThrownBy(() -> RunConfigReader.read(Optional.of(wrong), List.of()))
        .hasMessageContaining("sampo.model.images.max-pixels: must be min-pixels (300) or more")
        .hasMessageContaining("sampo.model.lora.rank: ");
  }

  @Test
  void aPresetGivesWhatIsNotSetAndWhatIsSetWins() throws IOException {
    Path file =
        write("sampo.learner.objective { preset = decoupled, mismatch.bounds.high = null }");

    ObjectiveSettings read =
        RunConfigReader.read(
                Optional.of(file),
                List.of(
                    "learner.objective.mismatch.action=truncate", "learner.objective.kl.beta=1"))
            .settings()
            .learner()
            .objective();

    assertThat(read.anchor()).isEqualTo(RatioAnchor.OLD);
    assertThat(read.kl().beta()).isEqualTo(1);
    assertThat(read.mismatch())
        .isEqualTo(
            new MismatchWeights(
                MismatchLevel.TOKEN, MismatchAction.TRUNCATE, WeightBounds.NONE, false));
    assertThat(RunConfigReader.read(Optional.empty(), List.of()).settings().learner().objective())
        .isEqualTo(ObjectivePreset.GRPO.settings());
  }

  @ParameterizedTest
  @EnumSource(ObjectivePreset.class)
  void aRenderedPresetReadsBackToTheSameOptions(ObjectivePreset preset) {
    LoadedConfig loaded =
        RunConfigReader.read(
            Optional.empty(),
            List.of(
                "learner.objective.preset=" + preset.key(), "learner.objective.cispo.high=null"));

    LoadedConfig again = RunConfigReader.readText(loaded.render(), "rendered", List.of());

    assertThat(again.settings().learner().objective())
        .isEqualTo(preset.settings().withCispo(WeightBounds.NONE));
  }

  @Test
  void whatDoesNotGoTogetherIsOneLineThatNamesBoth() throws IOException {
    Path file =
        write(
            """
            sampo.learner.objective {
              mismatch.level = token
              clip.low = 2
              preset = gpro
            }
            """);

    assertThatThrownBy(() -> RunConfigReader.read(Optional.of(file), List.of()))
        .hasMessageContaining(
            file
                + ":4: sampo.learner.objective.preset: needs one of grpo, dr-grpo, dapo, gspo,"
                + " cispo, rloo, decoupled, got \"gpro\"")
        .hasMessageContaining(
            file + ":3: sampo.learner.objective.clip.low: must be in (0, 1], got 2.0");
    assertThatThrownBy(() ->
            RunConfigReader.read(
                Optional.empty(), List.of("learner.objective.mismatch.level=token")))
        .hasMessageContaining("sampo.learner.objective.anchor: must be old where mismatch.level")
        .message()
        .hasLineCount(1);
    assertThatThrownBy(() ->
            RunConfigReader.read(
                Optional.empty(),
                List.of(
                    "learner.objective.mismatch.level=token",
                    "learner.objective.anchor=old",
                    "learner.objective.off-policy-delta=wide")))
        .hasMessageContaining("off-policy-delta: needs a number")
        .message()
        .hasLineCount(1);
  }

  @Test
  void aRuleBetweenKeysNamesTheOptionThatBrokeIt() {
    String option = "learner.reference.sync-every=2";

    assertThatThrownBy(() ->
            RunConfigReader.read(Optional.empty(), List.of("learner.objective.kl.beta=0", option)))
        .hasMessageContaining("--set ")
        .hasMessageContaining("sync-every")
        .hasMessageNotContaining(":-1");
  }

  @Test
  void anIncludedFileIsRead() throws IOException {
    Files.writeString(folder.resolve("base.conf"), "sampo.run.seed = 77");
    Path file = write("include \"base.conf\"\nsampo.run.steps = 3\n");

    for (Path named : List.of(file, Path.of("").toAbsolutePath().relativize(file))) {
      LoadedConfig loaded = RunConfigReader.read(Optional.of(named), List.of());

      assertThat(loaded.settings().run().seed()).isEqualTo(77);
    }
  }

  @Test
  void anIncludedFileThatIsMissingIsAnError() throws IOException {
    Path file = write("include \"no-such.conf\"");

    assertThatThrownBy(() -> RunConfigReader.read(Optional.of(file), List.of()))
        .isInstanceOf(InvalidConfigException.class)
        .hasMessageContaining("no-such.conf");
  }

  @Test
  void brokenHoconNamesTheLine() throws IOException {
    Path file = write("sampo {\n  run.steps = [1\n}");

    assertThatThrownBy(() -> RunConfigReader.read(Optional.of(file), List.of()))
        .isInstanceOf(InvalidConfigException.class)
        .hasMessageStartingWith(file + ":3: ");
  }

  @Test
  void relativePathsStartAtTheFileThatSaysThem() throws IOException {
    Path file = write("sampo.data.train = \"rows/train.jsonl\"");

    RunConfig config = RunConfigReader.read(Optional.of(file), List.of()).settings();

    assertThat(config.data().train()).isEqualTo(folder.resolve("rows/train.jsonl"));
  }

  @Test
  void everyMissingFileIsNamed() throws IOException {
    Path file =
        write(
            "sampo { model.path = m, data.train = t, data.image-folder = i, evaluation.splits.id ="
                + " e }");
    LoadedConfig loaded = RunConfigReader.read(Optional.of(file), List.of());

    assertThatThrownBy(loaded::requireFiles)
        .isInstanceOf(InvalidConfigException.class)
        .hasMessageContaining("sampo.model.path: there is no folder " + folder.resolve("m"))
        .hasMessageContaining("sampo.data.train: cannot read the file " + folder.resolve("t"))
        .hasMessageContaining("sampo.evaluation.splits.id: cannot read the file");
  }

  @Test
  void aNodeThatOnlyScoresNeedsNoFiles() {
    RunConfigReader.read(
            Optional.empty(), List.of("node.roles=[reward]", "data.train=\"/nowhere\""))
        .requireFiles();
  }

  @Test
  void theRenderedConfigurationReadsBackToTheSameSettings() throws IOException {
    Path file =
        write(
            "sampo { run.folder = here, evaluation.splits.id = e.jsonl, node.join = \"a:1\","
                + " model { images.max-pixels = 12544, images.max-tiles = 6, images.min-side = 28,"
                + " freeze = vision-tower, lora { enabled = true, targets = [q_proj] } } }");
    LoadedConfig loaded = RunConfigReader.read(Optional.of(file), List.of());

    Path rendered = Files.createDirectories(folder.resolve("elsewhere")).resolve("config.conf");
    Files.writeString(rendered, loaded.render());

    assertThat(RunConfigReader.read(Optional.of(rendered), List.of()).settings())
        .usingRecursiveComparison()
        .isEqualTo(loaded.settings());
  }

  private Path write(String hocon) throws IOException {
    return Files.writeString(folder.resolve("run.conf"), hocon);
  }
}
