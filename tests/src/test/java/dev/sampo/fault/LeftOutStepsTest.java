package dev.sampo.fault;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sampo.learner.guard.StepMetrics;
import dev.sampo.protocol.log.Recording;
import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Guards from the command line; a learning rate beyond all measure breaks runs with their first
 * step.
 */
@Timeout(300)
class LeftOutStepsTest {
  private static final Path MODEL = Path.of("../models/tiny-rec").toAbsolutePath().normalize();
  private static final Path RECORDING = Path.of("recordings/small").toAbsolutePath();

  @TempDir private Path folder;

  @Test
  void aReplayLeavesOutWhatIsNotFiniteAndKeepsTheGroupsWhichCanBeTriedAgain() throws Exception {
    Path out = folder.resolve("out");

    String said =
        sampo(
            0,
            replay(
                RECORDING,
                out,
                "model.path=\"" + MODEL.resolve("shifted") + "\"",
                "learner.learning-rate=1e36",
                "learner.warm-up-steps=0"));

    assertThat(said)
        .contains("step 2 was left out: ", "step 3 was left out: ", "3 steps, 0 of them equal");
    assertThat(Files.readAllLines(out.resolve("metrics.jsonl"))).hasSize(1);
    Path groups = out.resolve("set-aside/step-2");
    assertThat(sampo(0, List.of("inspect", groups.toString(), "--verify")))
        .contains("left out    step 2: ", "row         ", "metric      reward = ")
        .contains("steps       1", "faults      0");
    assertThat(Recording.open(groups).verify().numGroups()).isBetween(1L, 4L);
    assertThat(out.resolve("set-aside/step-2-2")).exists();

    String again =
        sampo(
            0,
            replay(
                groups,
                folder.resolve("again"),
                "model.path=\"" + out.resolve("checkpoints/step-1") + "\""));

    assertThat(again).contains("step 1 was left out: ", "1 steps, 1 of them equal");
    assertThat(folder.resolve("again/set-aside/step-1/reason.json")).exists();
  }

  @Test
  void theGroupsBehindALaterUpdateAreKeptAndTheStepCounts() throws Exception {
    Path out = folder.resolve("out");

    String said =
        sampo(
            0,
            replay(
                RECORDING,
                out,
                "model.path=\"" + MODEL.resolve("shifted") + "\"",
                "learner.learning-rate=1e36",
                "learner.warm-up-steps=0",
                "learner.updates-per-batch=2"));

    assertThat(said)
        .contains("step 1 ended before its last update, which was not finite: groups [")
        .contains("step 2 was left out: ");
    assertThat(sampo(0, List.of("inspect", out + "/set-aside/step-1", "--verify")))
        .contains("left out    step 1: an update after the first was not finite", "faults      0");
  }

  /** Bounds that every step breaks show that the metrics are there to be watched. */
  @Test
  void theRulesOfTheDocumentationSeeTheirMetrics() throws Exception {
    String said =
        sampo(
            0,
            replay(
                RECORDING,
                folder.resolve("out"),
                "model.path=\"" + MODEL.resolve("shifted") + "\"",
                """
                guards.rules=[
                  {metric = entropy, above = 0, steps = 3, action = warn}
                  {metric = frac_reward_zero_std, above = -1, steps = 3, action = warn}
                  {metric = off_policy/effective_sample_size, above = 0, steps = 3, action = warn}
                  {metric = mismatch/k3, below = 1, steps = 1, action = warn}]\
                """));

    assertThat(said)
        .contains(
            "guard: entropy above 0.0 for 3 steps in a row, ",
            "guard: frac_reward_zero_std above -1.0 for 3 steps in a row, ",
            "guard: off_policy/effective_sample_size above 0.0 for 3 steps in a row, ",
            "guard: mismatch/k3 below 1.0 for 1 step, ");
    for (String line : Files.readAllLines(folder.resolve("out/metrics.jsonl"))) {
      assertThat(new ObjectMapper().readTree(line).fieldNames())
          .toIterable()
          .filteredOn(name -> !name.equals("step"))
          .allMatch(StepMetrics::isOne);
    }
  }

  /** Nobody could let a replay go on, so pausing is stopping. */
  @ParameterizedTest
  @ValueSource(strings = {"pause", "stop"})
  void aRuleThatFiresEndsAReplayWithACheckpointToGoOnFrom(String action) throws Exception {
    Path out = folder.resolve("out");
    String model = "model.path=\"" + MODEL.resolve("shifted") + "\"";
    String rule =
        "guards.rules=[{metric = entropy, above = 0, steps = 2, action = " + action + "}]";

    String said = sampo(1, replay(RECORDING, out, model, rule));

    assertThat(said.lines().toList().getLast())
        .startsWith("sampo: stopped: guard: entropy above 0.0 for 2 steps in a row, ")
        .contains(out.resolve("checkpoints").toString());
    assertThat(out.resolve("checkpoints").toFile().list()).containsExactly("step-2");
    assertThat(Files.readAllLines(out.resolve("metrics.jsonl")))
        .hasSize(2)
        .last()
        .asString()
        .contains("\"guards/fired\":1");

    assertThat(sampo(0, replay(RECORDING, out, model, "guards.rules=[]")))
        .contains("going on from " + out.resolve("checkpoints/step-2"))
        .contains("3 steps, ");
    assertThat(sampo(1, replay(RECORDING, out, model, "guards.rules=[]")))
        .contains(out + " holds a finished run of 3 steps")
        .doesNotContain("going on");
  }

  private static List<String> replay(Path recording, Path out, String... settings) {
    List<String> command =
        new ArrayList<>(List.of("replay", recording.toString(), "--out", out.toString()));
    for (String setting : settings) {
      Collections.addAll(command, "--set", setting);
    }
    return command;
  }

  @Test
  void aSupervisedTrainingEndsAfterTooManyOfThem() throws Exception {
    RecDataWriter.write(
        folder.resolve("data"), RecDataSettings.forTraining(6, 2, 1), (done, total) -> {});
    Path file =
        Files.writeString(
            folder.resolve("sft.conf"),
            """
            sampo {
              run.folder = run
              model { path = "%s", init = random }
              guards { max-skipped = 2, keep-set-aside = 2 }
              sft {
                learning-rate = 1e36
                warm-up-steps = 0
                phases = [{data = data/train.jsonl, image-folder = data,
                  question-template = "{Question}", images-per-step = 2, questions-per-image = 1,
                  steps = 20}]
              }
            }
            """
                .formatted(MODEL));

    String said = sampo(1, List.of("sft", file.toString()));

    assertThat(said.lines().toList().getLast())
        .startsWith("sampo: stopped: 3 steps in a row were not finite, the last: ");
    Path run = folder.resolve("run");
    assertThat(run.resolve("checkpoints")).isDirectoryContaining("glob:**step-4");
    assertThat(Files.readAllLines(run.resolve("metrics.jsonl")))
        .hasSize(4)
        .filteredOn(line -> line.contains("\"skipped\":1"))
        .hasSize(3);
    assertThat(run.resolve("set-aside").toFile().list())
        .containsExactlyInAnyOrder("step-2", "step-3");
    assertThat(sampo(0, List.of("inspect", run + "/set-aside/step-2")))
        .contains("row         ", "train.jsonl:", " -> ");
  }

  private String sampo(int code, List<String> arguments) throws Exception {
    Path said = Files.createTempFile(folder, "said", ".txt");
    return new SampoProcess(folder, said, arguments).await(code);
  }
}
