package dev.sampo.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The learner's process is killed and started again; the rollout node, a process of its own, lives
 * on, is the only one that can finish the run, and ends well with it.
 */
@Timeout(300)
class LearnerKillTest {
  private static final int STEPS = 8;
  private static final int GROUPS_PER_STEP = 2;
  private static final Path MODEL =
      Path.of("../models/tiny-rec/shifted").toAbsolutePath().normalize();

  @TempDir private Path folder;

  @Test
  void aRolloutNodeServesTheLearnerThatTakesTheKilledOnesPlace() throws Exception {
    RecDataWriter.write(folder.resolve("data"), RecDataSettings.forTraining(9, 2, 1), (d, n) -> {});
    Path run = folder.resolve("run");
    Path file = Files.writeString(folder.resolve("train.conf"), config(run));
    int port = freePort();
    List<String> learner =
        List.of(
            "node", "--role", "learner,reward", "--port", String.valueOf(port), file.toString());
    Path learnerSaid = folder.resolve("learner.txt");
    Path rolloutSaid = folder.resolve("rollout.txt");

    SampoProcess killed = new SampoProcess(run, learnerSaid, learner);
    SampoProcess rollout =
        new SampoProcess(
            folder,
            rolloutSaid,
            List.of("node", "--role", "rollout", "--join", "127.0.0.1:" + port, file.toString()));
    try {
      killed.killAfterSteps(3);
      new SampoProcess(run, learnerSaid, learner).await();
      rollout.await();
    } finally {
      killed.kill();
      rollout.kill();
    }

    LedgerRules.requireKept(run, "left-5", STEPS, GROUPS_PER_STEP);
    assertThat(Files.readString(rolloutSaid))
        .contains("the learner at 127.0.0.1:" + port + " is gone, joining again")
        .endsWith("the run is finished after step %d, node stops%n".formatted(STEPS));
  }

  private static String config(Path run) {
    return """
    sampo {
      run { name = left, folder = "%s", seed = 5, steps = %d }
      model.path = "%s"
      data { train = data/train.jsonl, image-folder = data }
      sampling.max-tokens = 40
      rollout { group-size = 4, max-groups-in-flight = 3 }
      learner { groups-per-step = %d, learning-rate = 2e-4, objective.preset = grpo }
      staleness.max = 1
      checkpoint { every = 3, keep = 2 }
    }
    """
        .formatted(run, STEPS, MODEL, GROUPS_PER_STEP);
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }
}
