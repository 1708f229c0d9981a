package dev.sampo.fault;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sampo.learner.guard.StepMetrics;
import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Processes are killed at random moments and started again until their run is done, which then ends
 * in the bits of a run that nobody disturbed. {@code -Dsampo.kills=20} sets how often each is
 * killed.
 */
@Timeout(900)
class KillTest {
  private static final int KILLS = Integer.getInteger("sampo.kills", 3);
  private static final long SEED = Long.getLong("sampo.kills.seed", 1);
  private static final Path MODEL = Path.of("../models/tiny-rec").toAbsolutePath().normalize();
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  @BeforeEach
  void writeData() {
    RecDataWriter.write(
        folder.resolve("data"), RecDataSettings.forTraining(12, 2, 1), (d, n) -> {});
  }

  @Test
  void aKilledSupervisedTrainingEndsInTheSameBits() throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("sft.conf"),
            """
            sampo {
              run { name = killed, folder = run, seed = 5 }
              model { path = "%s", init = random }
              checkpoint { every = 2, keep = 2 }
              sft {
                warm-up-steps = 3
                phases = [
                  {data = data/train.jsonl, image-folder = data, question-template = "{Question}",
                    images-per-step = 2, questions-per-image = 2, steps = 25}
                  {data = data/train.jsonl, image-folder = data, question-template = "Where? {Question}",
                    images-per-step = 2, questions-per-image = 1, steps = 24}
                ]
              }
            }
            """
                .formatted(MODEL));

    endInTheSameBits(
        49, run -> List.of("sft", file.toString(), "--set", "run.folder=\"" + run + "\""));
  }

  @Test
  void aKilledLearnerOfARecordingEndsInTheSameBits() throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("train.conf"),
            """
            sampo {
              run { name = killed, folder = recorded, seed = 5, steps = 41 }
              model.path = "%s"
              data { train = data/train.jsonl, image-folder = data }
              sampling.max-tokens = 40
              rollout { group-size = 4, max-groups-in-flight = 4 }
              learner { groups-per-step = 2, learning-rate = 2e-4, objective { preset = grpo, kl.beta = 0.04 } }
              staleness.max = 1
              checkpoint { every = 2, keep = 2 }
            }
            """
                .formatted(MODEL.resolve("shifted")));
    new SampoProcess(folder, folder.resolve("train.txt"), List.of("train", file.toString()))
        .await();

    endInTheSameBits(
        41, run -> List.of("replay", folder + "/recorded/rollouts", "--out", run.toString()));
  }

  private void endInTheSameBits(int steps, Function<Path, List<String>> command) throws Exception {
    Path undisturbed = folder.resolve("undisturbed");
    Path said = folder.resolve("undisturbed.txt");
    new SampoProcess(undisturbed, said, command.apply(undisturbed)).await();

    Random random = new Random(SEED);
    int kills = 0;
    for (int run = 0; kills < KILLS; run++) {
      Path killed = folder.resolve("killed-" + run);
      Path text = folder.resolve("killed-" + run + ".txt");
      boolean alive = true;
      while (alive && kills < KILLS) {
        alive = new SampoProcess(killed, text, command.apply(killed)).kill(random);
        kills += alive ? 1 : 0;
      }
      if (alive) {
        new SampoProcess(killed, text, command.apply(killed)).awaitFinishedRun();
      }
      assertSame(undisturbed, killed, steps);
    }
  }

  private static void assertSame(Path expected, Path actual, int steps) throws IOException {
    for (String name : List.of("model.safetensors", "optimizer.safetensors")) {
      Path file = Path.of("checkpoints", "step-" + steps, name);
      assertThat(actual.resolve(file)).hasSameBinaryContentAs(expected.resolve(file));
    }
    List<JsonNode> expectedMetrics = metrics(expected);
    List<JsonNode> actualMetrics = metrics(actual);
    assertThat(actualMetrics).hasSameSizeAs(expectedMetrics).hasSize(steps);
    assertThat(expectedMetrics)
        .as("steps that moved the weights")
        .filteredOn(step -> step.get("grad_norm").asDouble() > 0)
        .hasSizeGreaterThan(steps / 2);
    for (int i = 0; i < steps; i++) {
      assertThat(actualMetrics.get(i).get("step").asInt()).isEqualTo(i + 1);
      assertThat(actualMetrics.get(i).fieldNames())
          .toIterable()
          .filteredOn(name -> !name.equals("step"))
          .allMatch(StepMetrics::isOne);
      for (String name : List.of("loss", "grad_norm", "learning_rate")) {
        assertThat(actualMetrics.get(i).get(name)).isEqualTo(expectedMetrics.get(i).get(name));
      }
    }
    assertThat(actual.resolve("checkpoints")).isDirectoryNotContaining("glob:**.{partial,old}");
  }

  private static List<JsonNode> metrics(Path run) throws IOException {
    List<JsonNode> steps = new ArrayList<>();
    for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
      steps.add(JSON.readTree(line));
    }
    return steps;
  }
}
