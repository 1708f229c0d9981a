package dev.sampo.fault;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A training, everything in one process, is killed at random moments and started again until it is
 * done. Then its ledger keeps every rule, and its recording alone leads to its weights. {@code
 * -Dsampo.kills.train=50} sets how often it is killed.
 */
@Timeout(3600)
class TrainKillTest {
  private static final int KILLS = Integer.getInteger("sampo.kills.train", 3);
  private static final long SEED = Long.getLong("sampo.kills.seed", 1);
  private static final int STEPS = 14;
  private static final int GROUPS_PER_STEP = 2;
  private static final Path MODEL =
      Path.of("../models/tiny-rec/shifted").toAbsolutePath().normalize();
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  @Test
  void aKilledTrainingLosesNothingAndLearnsNothingTwice() throws Exception {
    RecDataWriter.write(folder.resolve("data"), RecDataSettings.forTraining(9, 2, 1), (d, n) -> {});
    Path file =
        Files.writeString(
            folder.resolve("train.conf"),
            """
            sampo {
              run { name = killed, folder = unused, seed = 5, steps = %d }
              model.path = "%s"
              data { train = data/train.jsonl, image-folder = data }
              sampling.max-tokens = 40
              rollout { group-size = 4, max-groups-in-flight = 3 }
              learner { groups-per-step = %d, learning-rate = 2e-4, objective { preset = grpo, kl.beta = 0.04 } }
              staleness.max = 1
              checkpoint { every = 3, keep = 2 }
            }
            """
                .formatted(STEPS, MODEL, GROUPS_PER_STEP));
    Random random = new Random(SEED);
    int kills = 0;
    for (int run = 0; kills < KILLS; run++) {
      Path killed = folder.resolve("killed-" + run);
      Path text = folder.resolve("killed-" + run + ".txt");
      List<String> command =
          List.of("train", file.toString(), "--set", "run.folder=\"" + killed + "\"");
      boolean alive = true;
      while (alive && kills < KILLS) {
        alive = new SampoProcess(killed, text, command).kill(random);
        kills += alive ? 1 : 0;
      }
      if (alive) {
        new SampoProcess(killed, text, command).awaitFinishedRun();
      }
      LedgerRules.requireKept(killed, "killed-5", STEPS, GROUPS_PER_STEP);
      assertThat(stepsOfMetrics(killed))
          .isEqualTo(LongStream.rangeClosed(1, STEPS).boxed().toList());
      assertReplays(killed);
    }
  }

  /** Every step of the surviving history, taken from the recording, ends in the same bits. */
  private void assertReplays(Path run) throws Exception {
    Path text = folder.resolve("replayed.txt");
    Path again = folder.resolve(run.getFileName() + "-again");
    String said =
        new SampoProcess(
                again, text, List.of("replay", run + "/rollouts", "--out", again.toString()))
            .await();
    assertThat(said)
        .contains("%d steps, %d of them equal to the recorded bit for bit".formatted(STEPS, STEPS));
    Path weights = Path.of("checkpoints", "step-" + STEPS, "model.safetensors");
    assertThat(again.resolve(weights)).hasSameBinaryContentAs(run.resolve(weights));
  }

  private static List<Long> stepsOfMetrics(Path run) throws IOException {
    List<Long> steps = new ArrayList<>();
    for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
      steps.add(JSON.readTree(line).get("step").asLong());
    }
    return steps;
  }
}
