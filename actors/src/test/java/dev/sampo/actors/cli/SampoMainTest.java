package dev.sampo.actors.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line as a user sees it: exit codes, lines, and what is left on disk. */
final class SampoMainTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final Path MODEL = Path.of("../models/tiny-rec").toAbsolutePath().normalize();

  @TempDir private Path folder;

  /** What a command said. */
  private record Said(int code, String out, String err) {}

  @ParameterizedTest
  @ValueSource(
      strings = {
        "quickstart",
        "train",
        "node",
        "sft",
        "eval",
        "generate",
        "merge",
        "replay",
        "data",
        "data synth",
        "inspect",
        "pause",
        "resume"
      })
  void everyCommandExplainsItself(String command) {
    Said said = run((command + " --help").split(" "));

    assertThat(said.code).isZero();
    assertThat(said.out).startsWith("Usage: sampo " + command);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "tran",
        "train",
        "data synth --task rec -n 5",
        "quickstart --seed x",
        "pause",
        "resume --at nowhere"
      })
  void aWrongCommandLineIsAUsageError(String line) {
    Said said = run(line.isEmpty() ? new String[0] : line.split(" "));

    assertThat(said.code).isEqualTo(2);
    assertThat(said.err).startsWith("sampo: ").contains("--help'");
  }

  @ParameterizedTest
  @CsvSource({
    "--group x, Invalid value for option '--group': 'x' is not a whole number",
    "--group -1, '--group wants a number from 0, not -1'",
    "--events 9-3, '--events wants A-B with B not before A, not 9-3'",
    "--group 5 --events 1-3, '--verify, --events and --group are different questions: ask one'",
    "--group 5 --verify, '--verify, --events and --group are different questions: ask one'"
  })
  void aQuestionThatCannotBeAnsweredIsAUsageError(String options, String line) {
    Said said = run(("inspect run " + options).split(" "));

    assertThat(said.code).isEqualTo(2);
    assertThat(said.err).isEqualTo("sampo: %s%nSee 'sampo inspect --help'.%n".formatted(line));
  }

  @Test
  void aFolderThatIsNotThereIsCalledSo() {
    Path nothing = folder.resolve("nothing");

    Said said = run("inspect", nothing.toString());

    assertThat(said.code).isEqualTo(1);
    assertThat(said.err).isEqualTo("sampo: %s: there is no such folder%n".formatted(nothing));
  }

  @Test
  void anUnknownKeyIsOneLineAndLeavesNothingBehind() throws IOException {
    Said said = train("sampo.lerner.threads = 2");

    assertRefused(said, "run.conf:1: sampo.lerner: unknown key");
  }

  @Test
  void aWrongTypeIsOneLineAndLeavesNothingBehind() throws IOException {
    Said said = train("sampo.run.steps = many");

    assertRefused(said, "run.conf:1: sampo.run.steps: needs a whole number, got \"many\"");
  }

  @Test
  void aMissingImageIsNamedBeforeTheRunFolderIsMade() throws IOException {
    Path data = data();
    try (Stream<Path> images = Files.list(data.resolve("images/train"))) {
      for (Path image : images.toList()) {
        Files.delete(image);
      }
    }

    assertRefused(train(configuration(data)), "train.jsonl:1");
  }

  @Test
  void aBrokenLineInAnEvaluationFileIsNamedBeforeTheRunFolderIsMade() throws IOException {
    Path data = data();
    Files.writeString(data.resolve("id.jsonl"), "{broken\n");

    assertRefused(
        train(configuration(data) + "sampo.evaluation.splits.id = \"" + data + "/id.jsonl\"\n"),
        "id.jsonl:1");
  }

  @Test
  void anUnreadableCheckpointIsNamed() throws IOException {
    Path model = modelWithoutWeights();

    Said said =
        train(
            configuration(data())
                + "sampo.model { path = \""
                + model
                + "\", init = checkpoint }\n");

    assertRefused(said, "model.safetensors");
  }

  @Test
  void everythingThatCannotBeUsedIsNamedAtOnce() throws IOException {
    Path data = data();
    Files.writeString(data.resolve("train.jsonl"), "{broken\n");
    Path model = modelWithoutWeights();
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Said said =
          train(
              configuration(data)
                  + """
                  sampo.model { path = "%s", init = checkpoint }
                  sampo.node.port = %d
                  sampo.evaluation { splits.id = "%s", image-folder = "%s" }
                  sampo.reward.functions = [{ name = length, weight = 1 }, { name = beauty, weight = 1 }]
                  """
                      .formatted(model, taken.getLocalPort(), folder.resolve("no.jsonl"), data));

      assertThat(said.code).isEqualTo(1);
      assertThat(said.err.lines())
          .as(said.err)
          .hasSize(6)
          .allMatch(line -> line.startsWith("sampo: "));
      assertThat(said.err)
          .contains("127.0.0.1:" + taken.getLocalPort())
          .contains(
              "sampo.evaluation.splits.id: cannot read the file " + folder.resolve("no.jsonl"))
          .contains("train.jsonl:1")
          .contains("run.conf:7: sampo.reward.functions: unknown reward function \"length\"")
          .contains("run.conf:7: sampo.reward.functions: unknown reward function \"beauty\"")
          .contains("model.safetensors");
      assertThat(folder.resolve("run")).doesNotExist();
    }
  }

  @Test
  void refusedSettingsDoNotHideMissingFiles() throws IOException {
    Path no = folder.resolve("no.jsonl");
    Said said =
        train(
            configuration(data())
                + "sampo.run.steps = many\n"
                + "sampo.lerner.threads = 2\n"
                + "sampo.evaluation.splits.id = \""
                + no
                + "\"\n");

    assertThat(said.code).isEqualTo(1);
    assertThat(said.err.lines()).as(said.err).hasSize(3);
    assertThat(said.err)
        .contains("run.conf:4: sampo.run.steps: needs a whole number")
        .contains("run.conf:5: sampo.lerner: unknown key")
        .contains("run.conf:6: sampo.evaluation.splits.id: cannot read the file " + no);
  }

  @Test
  void problemsOfAFileAreInTheOrderOfItsLines() throws IOException {
    Path no = folder.resolve("no-password");
    Said said =
        train(
            "sampo.ledger.password-file = \""
                + no
                + "\"\n"
                + "sampo.staleness.max-wait = -2s\n"
                + "sampo.node.patience = 0s\n"
                + "sampo.reward.timeout = 0s\n"
                + configuration(data())
                + "sampo.run.steps = many\n");

    assertThat(said.err.lines().map(line -> line.replaceFirst(".*?run.conf:", "")))
        .containsExactly(
            "1: sampo.ledger.password-file: cannot read the file " + no,
            "2: sampo.staleness.max-wait: must be >= 0s, got -2s",
            "3: sampo.node.patience: must be > 0s, got 0s",
            "4: sampo.reward.timeout: must be > 0s, got 0s",
            "8: sampo.run.steps: needs a whole number, got \"many\"");
  }

  @Test
  void aReplayOfARunFolderIsSentToItsRecording() throws IOException {
    Path rollouts = Files.createDirectories(folder.resolve("run/rollouts"));
    Files.writeString(rollouts.resolve("manifest.json"), "{}");

    Said said = run("replay", folder.resolve("run").toString(), "--out", folder + "/out");

    assertThat(said.code).isEqualTo(2);
    assertThat(said.err)
        .startsWith(
            "sampo: %s is a run, its recording is %s: sampo replay %s --out DIR\n"
                .formatted(folder.resolve("run"), rollouts, rollouts));
  }

  @Test
  void aReplayFromALaterStepWithoutACheckpointIsWrongUsage() {
    Said said =
        run("replay", "../tests/recordings/small", "--out", folder + "/out", "--from-step", "2");

    assertThat(said.code).isEqualTo(2);
    assertThat(said.err).startsWith("sampo: --from-step 2 needs --checkpoint: ");
  }

  @Test
  void aReplayWhoseLastStepIsBeforeTheFirstIsWrongUsage() {
    Said said =
        run(
            "replay",
            "../tests/recordings/small",
            "--out=" + folder + "/out",
            "--from-step=3",
            "--to-step=2");

    assertThat(said.code).isEqualTo(2);
    assertThat(said.err).startsWith("sampo: --from-step 3 is after --to-step 2");
  }

  @Test
  void aPortInUseIsNamed() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Said said = run("node", "--role", "reward", "--port", String.valueOf(taken.getLocalPort()));

      assertThat(said.code).isEqualTo(1);
      assertThat(said.err.lines()).hasSize(1);
      assertThat(said.err).contains("127.0.0.1:" + taken.getLocalPort()).contains("in use");
    }
  }

  @Test
  void aLearnerWhosePortIsTakenLeavesNoRunFolder() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Said said = train(configuration(data()) + "\nsampo.node.port = " + taken.getLocalPort());

      assertThat(said.code).isEqualTo(1);
      assertThat(said.err).contains("127.0.0.1:" + taken.getLocalPort()).contains("in use");
      assertThat(folder.resolve("run")).doesNotExist();
    }
  }

  @Test
  void anOccupiedRunFolderIsRefused() throws IOException {
    Path run = Files.createDirectories(folder.resolve("run"));
    Files.writeString(run.resolve("precious.txt"), "mine");

    Said said = train(configuration(data()));

    assertThat(said.code).isEqualTo(1);
    assertThat(said.err).contains(run + " holds files already");
    assertThat(run).isDirectoryContaining("glob:**precious.txt");
  }

  @Test
  void aLearnerThatDoesNotAnswerIsNamed() throws IOException {
    String at;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      at = "127.0.0.1:" + free.getLocalPort();
    }

    Said said = run("pause", "--at", at);

    assertThat(said.code).isEqualTo(1);
    assertThat(said.err)
        .isEqualTo("sampo: no answer from http://" + at + "; is that the HTTP port?\n");
  }

  @Test
  void aRuleOverAnUnknownMetricIsNamedWithItsPlace() throws IOException {
    assertRefused(
        train("sampo.guards.rules = [{metric = entrpy, below = 0.1, steps = 5, action = pause}]"),
        "run.conf:1: sampo.guards.rules[0].metric: must be one that docs/algorithms.md lists");
  }

  @Test
  void aDryRunSaysWhatAStepIsAndWritesNothing() throws IOException {
    Path file = Files.writeString(folder.resolve("run.conf"), configuration(data()));

    Said said = run("train", file.toString(), "--dry-run");

    assertThat(said.err).isEmpty();
    assertThat(said.code).isZero();
    assertThat(said.out)
        .contains("32 groups x 8 completions = 256 completions")
        .containsPattern("updates +1 of the weights a step")
        .contains("36 image patches")
        .contains(
            "objective          loss = mean over completions(mean over tokens(term + 0.04 kl))");
    assertThat(folder.resolve("run")).doesNotExist();
  }

  /** Greedy and sampled answers follow the type that the model computes in. */
  @Test
  void aPolicyIsMeasuredAfterTrainingAsItWasBefore() throws IOException {
    Path data = data();
    Said said =
        train(
            configuration(data)
                + """
                sampo.run.steps = 0
                sampo.model { path = "%s", init = checkpoint, dtype = bfloat16 }
                sampo.evaluation { splits.id = "%s/train.jsonl", prompts = 16 }
                """
                    .formatted(MODEL.resolve("shifted"), data));

    assertThat(said.code).as(said.err).isZero();
    JsonNode split = JSON.readTree(folder.resolve("run/summary.json").toFile()).at("/splits/id");
    assertThat(split.get("after")).isEqualTo(split.get("before"));
  }

  @Test
  void aRunWithoutStepsMeasuresTheWeightsThatItDrew() throws IOException {
    Path data = data();

    Said said =
        train(
            configuration(data)
                + "sampo { run.steps = 0, evaluation.splits.id = \"%s/id.jsonl\" }"
                    .formatted(data));

    assertThat(said.code).as(said.err).isZero();
  }

  @Test
  void anObjectivePrintsItsFormulaWithWhatWasSet() {
    assertThat(run("objective", "dapo", "--set", "learner.objective.clip.high=0.3").out)
        .contains("term = -min(r A, clip(r, 0.8, 1.3) A)")
        .contains("left out: groups with a std of 0 or less");
    assertThat(run("objective").out.lines())
        .contains("grpo", "dr-grpo", "dapo", "gspo", "cispo", "rloo", "decoupled");
    Said said = run("objective", "gpro");
    assertThat(said.code).isEqualTo(1);
    assertThat(said.err.strip())
        .isEqualTo(
            "sampo: gpro is neither a file nor a preset"
                + " (grpo, dr-grpo, dapo, gspo, cispo, rloo, decoupled)");
  }

  @Test
  void anAdapterTargetThatIsNoLayerIsNamed() throws IOException {
    assertRefused(
        train(configuration(data()) + "sampo.model.lora { enabled = true, targets = [q_prj] }"),
        "adapter target 'q_prj' matches none of the");
  }

  @Test
  void adaptersThatAreAllFrozenAreRefused() throws IOException {
    assertRefused(
        train(
            configuration(data())
                + """
                sampo.model.freeze = vision-tower
                sampo.model.lora { enabled = true, targets = ["visual.*qkv"] }
                """),
        "lie on frozen parts, so nothing would be trained; frozen are [VISION_TOWER]");
  }

  @Test
  void aDryRunCountsWhatIsTrained() throws IOException {
    Path file = Files.writeString(folder.resolve("run.conf"), configuration(data()));
    String[] dryRun = {"train", file.toString(), "--dry-run", "--set"};

    assertThat(run(with(dryRun, "model.freeze=none")).out)
        .containsPattern("trained +688464; 0 are frozen")
        .doesNotContain("adapters");
    assertThat(run(with(dryRun, "model.freeze=vision-tower-and-projector")).out)
        .containsPattern("trained +374400; 314064 are frozen");
    assertThat(run(with(dryRun, "model.lora={enabled=true, rank=8}")).out)
        .containsPattern("trained +48000; 688464 are frozen")
        .containsPattern("adapters +48000 of them");
  }

  /** 688464 weights in all, 374400 of them in the decoder. */
  @Test
  void aDryRunCountsTheMemoryOfWhatIsConfigured() throws IOException {
    Path file = Files.writeString(folder.resolve("run.conf"), configuration(data()));
    String[] dryRun = {"train", file.toString(), "--dry-run", "--set"};

    assertThat(run(with(dryRun, "model.freeze=none")).out)
        .contains(
            "13.1 MiB: 2.6 MiB weights, 2.6 MiB gradients, 5.3 MiB optimizer, 2.6 MiB reference",
            "image features (up to 0.0 MiB)");
    assertThat(run(with(dryRun, "model={freeze=vision-tower-and-projector, dtype=bfloat16}")).out)
        .as("masters and float32 sums")
        .contains(
            "9.1 MiB: 1.3 MiB weights, 0.7 MiB gradients, 5.7 MiB optimizer, 1.3 MiB reference",
            "image features (up to 512.0 MiB)");
    assertThat(run(with(dryRun, "model.lora={enabled=true, rank=8}")).out)
        .as("the reference is the model without its adapters")
        .contains(
            "3.4 MiB: 2.8 MiB weights, 0.2 MiB gradients, 0.4 MiB optimizer, 0.0 MiB reference");
    assertThat(
            run(with(dryRun, "learner={groups-per-step=8,groups-per-update=3,updates-per-batch=2}"))
                .out)
        .containsPattern("updates +6 of the weights a step");
  }

  @Test
  void equalOptionsMakeEqualData() throws IOException {
    String[] line = {"data", "synth", "--task", "rec", "-n", "4", "--eval-rows", "2", "--out"};

    Said first = run(with(line, folder.resolve("a").toString()));
    Said second = run(with(line, folder.resolve("b").toString()));

    assertThat(first.code).isZero();
    assertThat(second.code).isZero();
    assertThat(folder.resolve("a/train.jsonl"))
        .hasSameTextualContentAs(folder.resolve("b/train.jsonl"));
  }

  private void assertRefused(Said said, String message) {
    assertThat(said.code).isEqualTo(1);
    assertThat(said.err.lines()).as(said.err).hasSize(1);
    assertThat(said.err).startsWith("sampo: ").contains(message);
    assertThat(folder.resolve("run")).doesNotExist();
  }

  private Path modelWithoutWeights() throws IOException {
    Path model = Files.createDirectories(folder.resolve("model"));
    try (Stream<Path> files = Files.list(MODEL)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, model.resolve(file.getFileName()));
      }
    }
    Files.writeString(model.resolve("model.safetensors"), "not weights");
    return model;
  }

  private Path data() {
    Path data = folder.resolve("data");
    RecDataWriter.write(data, RecDataSettings.forTraining(16, 2, 1), (done, total) -> {});
    return data;
  }

  private String configuration(Path data) {
    return """
    sampo.run { folder = "%s", steps = 1 }
    sampo.model { path = "%s", init = random }
    sampo.data { train = "%s/train.jsonl", image-folder = "%s" }
    """
        .formatted(folder.resolve("run"), MODEL, data, data);
  }

  private Said train(String hocon) throws IOException {
    Path file = Files.writeString(folder.resolve("run.conf"), hocon);
    return run("train", file.toString());
  }

  private static String[] with(String[] line, String last) {
    return Stream.concat(Stream.of(line), Stream.of(last)).toArray(String[]::new);
  }

  private static Said run(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = SampoMain.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    return new Said(code, out.toString(), err.toString());
  }
}
