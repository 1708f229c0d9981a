package dev.sampo.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.actors.journal.JdbcJournal;
import dev.sampo.actors.journal.SnapshotJournal;
import dev.sampo.protocol.log.RecordedStep;
import dev.sampo.protocol.log.Recording;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a killed run that only records does when its recording is not as it was left: it says which
 * steps are lost, records them anew, and leaves no gap.
 */
@Timeout(600)
class LeftRecordingTest {
  private static final int STEPS = 20;
  private static final int GROUPS_PER_STEP = 2;
  private static final String RUN_ID = "recorder-5";

  @TempDir private static Path shared;
  private static Path left;
  private static long committed;
  @TempDir private Path folder;
  private Path run;

  /** Snapshots that events are deleted for keep nobody from going back. */
  @BeforeAll
  static void leaveARun() throws Exception {
    TinyTraining.writeData(shared);
    TinyTraining.configure(
        shared,
        "recorder",
        STEPS,
        GROUPS_PER_STEP,
        "recording.only = true, ledger { keep = checkpoints, snapshot-every = 10 }");
    left = shared.resolve("run");
    new SampoProcess(
            left, shared.resolve("said.txt"), List.of("train", shared.resolve("train.conf") + ""))
        .killAfterSteps(6);
    try (JdbcJournal ledger = JdbcJournal.open(LedgerRules.place(left.resolve("ledger"), RUN_ID))) {
      committed = SnapshotJournal.restore(ledger, Long.MAX_VALUE).history().step();
    }
    assertThat(committed).isLessThan(STEPS);
  }

  @BeforeEach
  void copyTheRun() throws IOException {
    run = folder.resolve("run");
    try (Stream<Path> files = Files.walk(left)) {
      for (Path file : files.toList()) {
        Files.copy(file, run.resolve(left.relativize(file)));
      }
    }
  }

  @Test
  void stepsThatTheRecordingHasLostAreRecordedAnew() throws Exception {
    cutAfterStep(3);

    assertThat(train(0))
        .contains("going on after step 3, the last that is recorded")
        .contains(
            "the recording has lost step 4; steps 4 to %d are abandoned, term 2 goes on from step 3"
                .formatted(committed))
        .doesNotContain("checkpoint");

    requireWhole(3);
  }

  @Test
  void aDamagedRecordingIsMovedAwayAsItSaysAndEverythingIsRecordedAnew() throws Exception {
    Path segment = run.resolve("rollouts/segments/000001.seg");
    byte[] bytes = Files.readAllBytes(segment);
    bytes[bytes.length / 2] ^= 1;
    Files.write(segment, bytes);
    Path recording = run.resolve("rollouts");

    assertThat(train(1).lines().filter(line -> line.startsWith("sampo: ")))
        .singleElement()
        .asString()
        .contains(segment + " is damaged at byte ")
        .contains(
            "move %s to another place: the run then goes on from its beginning; steps 1 to %d are abandoned and taken anew"
                .formatted(recording, committed))
        .contains("the new recording begins with step 1");
    Files.move(recording, folder.resolve("moved"));

    assertThat(train(0))
        .contains("steps 1 to %d are abandoned, term 2 goes on from step 0".formatted(committed));
    requireWhole(0);
  }

  @Test
  void theLastStepsAreReportedThatAFinishedRunHadNoTimeFor() throws Exception {
    train(0);
    Path metrics = run.resolve("metrics.jsonl");
    List<String> lines = Files.readAllLines(metrics);
    Files.write(metrics, lines.subList(0, STEPS - 2));

    assertThat(train(0)).contains("run folder: " + run);

    assertThat(Files.readAllLines(metrics))
        .hasSize(STEPS)
        .startsWith(lines.subList(0, STEPS - 2).toArray(String[]::new))
        .last()
        .asString()
        .startsWith("{\"step\":" + STEPS);
    assertThat(train(1)).contains("holds a finished run of %d steps".formatted(STEPS));
  }

  private void requireWhole(long kept) throws Exception {
    assertThat(sampo(0, "inspect", run.toString(), "--verify")).contains("faults      0");
    assertThat(sampo(0, "inspect", run + "/rollouts", "--verify"))
        .contains("steps       %d, 1 to %d".formatted(STEPS, STEPS))
        .contains("faults      0");
    try (Stream<RecordedStep> steps = Recording.open(run.resolve("rollouts")).steps(0)) {
      assertThat(steps.filter(step -> step.step().version().term() == 1))
          .extracting(RecordedStep::number)
          .isEqualTo(LongStream.rangeClosed(1, kept).boxed().toList());
    }
    assertThat(Files.readAllLines(run.resolve("metrics.jsonl"))).hasSize(STEPS);
  }

  /** Cuts the recording behind a step. */
  private void cutAfterStep(long step) throws IOException {
    Path segment = run.resolve("rollouts/segments/000001.seg");
    try (FileChannel channel = FileChannel.open(segment, StandardOpenOption.WRITE)) {
      while (lastStep() > step) {
        channel.truncate(channel.size() - 64);
      }
    }
    assertThat(lastStep()).isEqualTo(step);
  }

  private long lastStep() {
    try (Stream<RecordedStep> steps = Recording.open(run.resolve("rollouts")).steps(0)) {
      return steps.mapToLong(RecordedStep::number).max().orElse(0);
    }
  }

  private String train(int code) throws Exception {
    return sampo(
        code, "train", shared.resolve("train.conf") + "", "--set", "run.folder=\"" + run + "\"");
  }

  private String sampo(int code, String... command) throws Exception {
    Path said = Files.createTempFile(folder, "said", ".txt");
    return new SampoProcess(folder, said, new ArrayList<>(List.of(command)), Map.of()).await(code);
  }
}
