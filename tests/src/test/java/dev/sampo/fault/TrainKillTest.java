package dev.sampo.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sampo.actors.journal.LedgerException;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.log.Recording;
import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.assertj.core.api.ThrowingConsumer;
import org.junit.jupiter.api.BeforeEach;
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
  private static final String RUN_ID = "killed-5";
  private static final String REPEATABLE = "staleness.max = 0, rollout.deterministic = true";
  private static final Path MODEL =
      Path.of("../models/tiny-rec/shifted").toAbsolutePath().normalize();
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  @BeforeEach
  void writeData() {
    RecDataWriter.write(folder.resolve("data"), RecDataSettings.forTraining(9, 2, 1), (d, n) -> {});
  }

  @Test
  void aKilledTrainingLosesNothingAndLearnsNothingTwice() throws Exception {
    Path file = configuration("staleness.max = 1");

    killOften(
        file,
        run -> {
          assertThat(stepsOfMetrics(run))
              .isEqualTo(LongStream.rangeClosed(1, STEPS).boxed().toList());
          assertReplays(run);
        });
  }

  /**
   * With sampling that depends on nothing but weights, prompt and seed, kills leave no trace; not
   * in which groups were replaced either.
   */
  @Test
  @KilledOften
  void aKilledTrainingWithoutStalenessEndsInTheBitsOfAnUndisturbedOne() throws Exception {
    Path file =
        configuration(
            REPEATABLE + ", learner { max-extra-groups = 2, objective.filter.min-std = 0.1 }");
    Path undisturbed = folder.resolve("undisturbed");
    train(file, undisturbed).await();
    assertThat(LedgerRules.events(LedgerRules.place(undisturbed.resolve("ledger"), RUN_ID)))
        .as("groups to replace")
        .hasAtLeastOneElementOfType(LedgerEvent.GroupFiltered.class);

    killOften(
        file,
        run ->
            assertThat(SameRun.require(run, undisturbed))
                .extracting(step -> step.step().version().weightsHash())
                .as("weights that move with every step")
                .doesNotHaveDuplicates());
  }

  /** What ledger and recording drop is not missed by whoever goes on. */
  @Test
  @KilledOften
  void aKilledTrainingThatKeepsNoMoreThanItNeedsEndsInTheSameBits() throws Exception {
    Path file =
        configuration(
            REPEATABLE
                + ", ledger { keep = checkpoints, snapshot-every = 20 }"
                + ", recording { keep = checkpoints, segment-size = 64KiB }");
    Path undisturbed = folder.resolve("undisturbed");
    train(file, undisturbed).await();
    Path killed = folder.resolve("killed");
    Random random = new Random(SEED);
    for (int kills = 0; kills < KILLS && train(file, killed).killTraining(random); kills++) {}
    train(file, killed).awaitFinishedRun();

    SameRun.requireSameEnd(killed, undisturbed, STEPS);
    String said =
        new SampoProcess(
                killed,
                folder.resolve("inspected.txt"),
                List.of("inspect", killed.toString(), "--verify"))
            .await();
    assertThat(said).contains("faults      0");
    assertThatThrownBy(
            () -> LedgerRules.events(LedgerRules.place(killed.resolve("ledger"), RUN_ID)))
        .as("events that were dropped")
        .isInstanceOf(LedgerException.class);
  }

  @Test
  @KilledOften
  void aKilledRunThatOnlyRecordsRecordsEveryGroupOnce() throws Exception {
    Path file = configuration("staleness.max = 1, recording.only = true");

    killOften(
        file,
        run -> {
          assertThat(stepsOfMetrics(run))
              .isEqualTo(LongStream.rangeClosed(1, STEPS).boxed().toList());
          assertThat(Recording.open(run.resolve("rollouts")).verify().notTrained().left())
              .as("groups beyond the last step")
              .isLessThan(GROUPS_PER_STEP * STEPS);
        });
  }

  /** The node that generates dies again and again, the one that learns does not. */
  @Test
  @KilledOften
  void aTrainingWithoutStalenessDoesNotMindRolloutNodesThatDie() throws Exception {
    Path file = configuration(REPEATABLE);
    Path undisturbed = folder.resolve("undisturbed");
    train(file, undisturbed).await();
    Random random = new Random(SEED);
    Path run = folder.resolve("nodes");
    String port = String.valueOf(freePort());
    SampoProcess learner = node(run, "learner", file, "--role", "learner,reward", "--port", port);
    boolean over = false;
    for (int kills = 0; !over && kills < Math.max(1, KILLS / 5); kills++) {
      SampoProcess worker =
          node(run, "worker-" + kills, file, "--role", "rollout", "--join", "127.0.0.1:" + port);
      over =
          learner.endsBefore(
              random.nextBoolean() ? Moment.RECORDED : Moment.REPORTED,
              1 + random.nextInt(3),
              random.nextInt(300_000));
      worker.kill();
    }
    SampoProcess last =
        node(run, "worker", file, "--role", "rollout", "--join", "127.0.0.1:" + port);
    learner.await();
    last.kill();

    SameRun.require(run, undisturbed);
    LedgerRules.requireKept(run, RUN_ID, STEPS, GROUPS_PER_STEP);
  }

  private SampoProcess node(Path run, String name, Path file, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("node", file.toString()));
    Collections.addAll(command, "--set", "run.folder=\"" + run + "\"");
    Collections.addAll(command, arguments);
    return new SampoProcess(run, folder.resolve(name + ".txt"), command);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private Path configuration(String more) throws IOException {
    return Files.writeString(
        folder.resolve("train.conf"),
        """
        sampo {
          run { name = killed, folder = unused, seed = 5, steps = %d }
          model.path = "%s"
          data { train = data/train.jsonl, image-folder = data }
          sampling.max-tokens = 40
          rollout { group-size = 4, max-groups-in-flight = 3 }
          learner { groups-per-step = %d, learning-rate = 2e-4, objective { preset = grpo, kl.beta = 0.04 } }
          checkpoint { every = 3, keep = 2 }
          %s
        }
        """
            .formatted(STEPS, MODEL, GROUPS_PER_STEP, more));
  }

  private SampoProcess train(Path file, Path run) throws IOException {
    return new SampoProcess(
        run,
        folder.resolve(run.getFileName() + ".txt"),
        List.of("train", file.toString(), "--set", "run.folder=\"" + run + "\""));
  }

  /** Kills runs, one after the other, and looks at each when it is done. */
  private void killOften(Path file, ThrowingConsumer<Path> check) throws Exception {
    Random random = new Random(SEED);
    Map<KilledAt, Integer> places = new EnumMap<>(KilledAt.class);
    int kills = 0;
    for (int run = 0; kills < KILLS; run++) {
      Path killed = folder.resolve("killed-" + run);
      boolean alive = true;
      while (alive && kills < KILLS) {
        alive = train(file, killed).killTraining(random);
        if (alive) {
          kills++;
          places.merge(
              KilledAt.of(killed, RUN_ID, folder.resolve("ledger-" + kills)), 1, Integer::sum);
        }
      }
      if (alive) {
        train(file, killed).awaitFinishedRun();
      }
      LedgerRules.requireKept(killed, RUN_ID, STEPS, GROUPS_PER_STEP);
      check.accept(killed);
    }
    System.out.printf("%d kills, -Dsampo.kills.seed=%d: %s%n", kills, SEED, places);
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
