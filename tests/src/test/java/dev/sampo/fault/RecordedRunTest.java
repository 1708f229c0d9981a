package dev.sampo.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One recorded run, taken again in other processes: as a whole, in parts, changed, elsewhere. */
@Timeout(600)
class RecordedRunTest {
  private static final int STEPS = 4;
  private static final Path MODEL =
      Path.of("../models/tiny-rec/shifted").toAbsolutePath().normalize();
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private static Path shared;
  @TempDir private Path folder;

  @BeforeAll
  static void record() throws Exception {
    RecDataWriter.write(
        shared.resolve("data"), RecDataSettings.forTraining(32, 4, 7), (done, total) -> {});
    Path file =
        Files.writeString(
            shared.resolve("train.conf"),
            """
            sampo {
              run { name = recorded, folder = run, seed = 5, steps = %d }
              model.path = "%s"
              data { train = data/train.jsonl, image-folder = data }
              sampling.max-tokens = 40
              rollout { group-size = 4, max-groups-in-flight = 4 }
              learner { groups-per-step = 4, learning-rate = 2e-4, objective.kl.beta = 0 }
              staleness.max = 1
              checkpoint { every = 1, keep = 10 }
            }
            """
                .formatted(STEPS, MODEL));
    sampo(shared, 0, Map.of(), "train", file.toString());

    assertThat(losses(shared.resolve("run"))).hasSize(STEPS).anyMatch(loss -> loss != 0);
    assertThat(checkpoint(4).resolve("model.safetensors"))
        .satisfies(last ->
            assertThat(Files.mismatch(last, checkpoint(1).resolve("model.safetensors")))
                .isPositive());
  }

  @Test
  void everyStepEndsInTheSameBitsOnTheSameKindOfMachine() throws Exception {
    Path out = folder.resolve("out");

    String said = sampo(0, Map.of(), "replay", recording(), "--out", out.toString());

    assertThat(said)
        .contains(
            "4 steps, 4 of them equal to the recorded bit for bit; losses differ by at most 0")
        .doesNotContain("may differ", "other settings");
    assertThat(losses(out)).isEqualTo(losses(shared.resolve("run")));
    assertThat(sampo(0, Map.of(), "inspect", recording(), "--verify"))
        .contains("steps       4, 1 to 4", "faults      0");
  }

  @Test
  void onAnotherKindOfProcessorTheLossesAreCloseAndTheReplaySaysWhatDiffers() throws Exception {
    Path out = folder.resolve("out");

    String said =
        sampo(0, SampoProcess.OLD_PROCESSOR, "replay", recording(), "--out", out.toString());

    assertThat(said)
        .contains("the instruction set was", "and is default", "losses may differ by rounding");
    List<Double> expected = losses(shared.resolve("run"));
    List<Double> actual = losses(out);
    for (int i = 0; i < STEPS; i++) {
      assertThat(actual.get(i)).isCloseTo(expected.get(i), within(1e-5));
    }
  }

  @Test
  void aRangeBeginsWithTheCheckpointBeforeIt() throws Exception {
    Path out = folder.resolve("out");
    List<String> range =
        List.of("replay", recording(), "--out", out.toString(), "--from-step", "3", "--to-step");

    assertThat(sampo(2, Map.of(), with(range, "3")))
        .contains("--from-step 3 needs --checkpoint: the checkpoint of step 2 of the recorded run");
    assertThat(sampo(2, Map.of(), with(range, "3", "--checkpoint", checkpoint(1).toString())))
        .contains("--from-step 3 needs the checkpoint of step 2, ", " is of step 1");
    assertThat(sampo(1, Map.of(), with(range, "9", "--checkpoint", checkpoint(2).toString())))
        .contains("steps 3 to 9 are asked for, the recording has 1 to 4");
    assertThat(sampo(0, Map.of(), with(range, "4", "--checkpoint", checkpoint(2).toString())))
        .contains("2 steps, 2 of them equal to the recorded bit for bit");

    assertThat(losses(out)).isEqualTo(losses(shared.resolve("run")).subList(2, 4));
    assertThat(out.resolve("checkpoints/step-4/model.safetensors"))
        .hasSameBinaryContentAs(checkpoint(4).resolve("model.safetensors"));
  }

  @Test
  void otherSettingsOfTheLearnerTrainOnTheSameGroupsAndAreNamed() throws Exception {
    Path out = folder.resolve("out");

    String said =
        sampo(
            0,
            Map.of(),
            "replay",
            recording(),
            "--out",
            out.toString(),
            "--set",
            "learner.groups-per-update=1",
            "--set",
            "learner.objective.preset=gspo");

    assertThat(said)
        .contains(
            "trained with other settings than recorded", "learner.groups-per-update was 0 and is 1")
        .contains("4 steps, 0 of them equal");
    assertThat(losses(out)).hasSize(STEPS);
  }

  @Test
  void aRunThatOnlyRecordsLeavesTheWeightsAndCanBeTrainedOnLater() throws Exception {
    Path run = folder.resolve("run");
    sampo(
        0,
        Map.of(),
        "train",
        shared.resolve("train.conf").toString(),
        "--set",
        "recording.only=true",
        "--set",
        "run.folder=\"" + run + "\"");

    assertThat(run.resolve("checkpoints")).doesNotExist();
    assertThat(sampo(0, Map.of(), "inspect", run + "/rollouts", "--verify"))
        .contains("steps       4, 1 to 4", "not trained 0", "faults      0");
    Path out = folder.resolve("out");
    assertThat(sampo(0, Map.of(), "replay", run + "/rollouts", "--out", out.toString()))
        .contains("the recording was made without training")
        .contains("4 steps\n")
        .doesNotContain("bit for bit");
    assertThat(losses(out)).hasSize(STEPS);
    assertThat(out.resolve("checkpoints/step-4")).exists();
  }

  private static String recording() {
    return shared.resolve("run/rollouts").toString();
  }

  private static Path checkpoint(int step) {
    return shared.resolve("run/checkpoints/step-" + step);
  }

  private static String[] with(List<String> command, String... more) {
    List<String> all = new ArrayList<>(command);
    Collections.addAll(all, more);
    return all.toArray(String[]::new);
  }

  private static List<Double> losses(Path run) throws IOException {
    List<Double> losses = new ArrayList<>();
    for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
      JsonNode step = JSON.readTree(line);
      losses.add(step.get("loss").asDouble());
    }
    return losses;
  }

  private String sampo(int code, Map<String, String> environment, String... command)
      throws Exception {
    return sampo(folder, code, environment, command);
  }

  private static String sampo(
      Path folder, int code, Map<String, String> environment, String... command) throws Exception {
    Path said = Files.createTempFile(folder, "said", ".txt");
    return new SampoProcess(folder, said, List.of(command), environment).await(code);
  }
}
