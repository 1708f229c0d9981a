package dev.sampo.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.actors.journal.JdbcJournal;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.log.RecordedStep;
import dev.sampo.protocol.log.Recording;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
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
 * What a killed training does whose folder is not as it was left, or whose steps come out otherwise
 * when they are taken again: it abandons the steps after its newest checkpoint by name and ends as
 * a run that is whole, or it refuses in one line.
 */
@Timeout(600)
class LeftRunTest {
  private static final int STEPS = 9;
  private static final int SAVED = 4;
  private static final int GROUPS_PER_STEP = 2;
  private static final String RUN_ID = "left-5";

  @TempDir private static Path shared;
  private static Path left;
  private static long committed;
  @TempDir private Path folder;
  private Path run;

  /** A run that was killed with committed steps after its checkpoint. */
  @BeforeAll
  static void leaveARun() throws Exception {
    TinyTraining.writeData(shared);
    TinyTraining.configure(
        shared,
        "left",
        STEPS,
        GROUPS_PER_STEP,
        """
        staleness.max = 1
        checkpoint { every = %d, keep = 9 }
        """
            .formatted(SAVED));
    left = shared.resolve("run");
    new SampoProcess(
            left, shared.resolve("said.txt"), List.of("train", shared.resolve("train.conf") + ""))
        .killAfterSteps(SAVED + 2);
    committed = LedgerRules.state(ledger(left)).history().step();
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

  /** Another kind of processor rounds otherwise, so that the recorded weights are out of reach. */
  @Test
  void stepsThatEndInOtherWeightsAreAbandonedAndTakenAnew() throws Exception {
    String said = train(0, SampoProcess.OLD_PROCESSOR);

    assertThat(said)
        .contains("going on from " + run.resolve("checkpoints/step-" + SAVED))
        .contains("the ledger ends at step " + committed)
        .containsPattern(
            "step %d, taken again, ends in other weights .*; steps %d to %d are abandoned, term 2 goes on from step %d"
                .formatted(SAVED + 1, SAVED + 1, committed, SAVED));
    assertThat(Files.readString(run.resolve("run.log"))).contains("are abandoned, term 2");
    requireWholeRun(SAVED);
    assertThat(sampo(0, Map.of(), "inspect", run + "/rollouts", "--verify"))
        .contains("steps       9, 1 to 9; %d abandoned".formatted(committed - SAVED))
        .contains("faults      0");
    assertThat(
            sampo(
                0,
                SampoProcess.OLD_PROCESSOR,
                "replay",
                run + "/rollouts",
                "--from-step",
                String.valueOf(SAVED + 1),
                "--checkpoint",
                run + "/checkpoints/step-" + SAVED,
                "--out",
                folder.resolve("again").toString()))
        .contains("%d steps, %d of them equal".formatted(STEPS - SAVED, STEPS - SAVED));
  }

  /** A disk that has said that it synced and has not, or a hand that deleted what is newest. */
  @Test
  void stepsThatTheRecordingHasLostAreAbandonedAndTakenAnew() throws Exception {
    cutAfterStep(SAVED);

    assertThat(train(0, Map.of()))
        .contains(
            "the recording has lost step %d; steps %d to %d are abandoned, term 2 goes on from step %d"
                .formatted(SAVED + 1, SAVED + 1, committed, SAVED));

    requireWholeRun(SAVED);
  }

  @Test
  void stepsBeforeTheFirstLostOneAreTakenAgainAndKept() throws Exception {
    long kept = SAVED + 1;
    cutAfterStep(kept);

    assertThat(train(0, Map.of()))
        .contains(
            "the recording has lost step %d; steps %d to %d are abandoned, term 2 goes on from step %d"
                .formatted(kept + 1, kept + 1, committed, kept));

    requireWholeRun(kept);
  }

  @Test
  void withoutARecordingTheStepsAfterTheCheckpointAreAbandoned() throws Exception {
    assertThat(train(0, Map.of(), "--set", "recording.enabled=false"))
        .contains(
            "the run records nothing, so that no step can be taken again; steps %d to %d are abandoned"
                .formatted(SAVED + 1, committed));

    requireAbandonedAfter(SAVED);
    assertThat(Files.readAllLines(run.resolve("metrics.jsonl"))).hasSize(STEPS);
  }

  /** A recording that is damaged elsewhere than at its end is neither used nor continued. */
  @Test
  void aRunWithADamagedRecordingGoesOnWhenThatIsMovedAway() throws Exception {
    Path segment = run.resolve("rollouts/segments/000001.seg");
    byte[] bytes = Files.readAllBytes(segment);
    bytes[bytes.length / 2] ^= 1;
    Files.write(segment, bytes);

    String said = train(1, Map.of());
    assertRefused(said, segment + " is damaged at byte ");
    assertThat(said)
        .contains(
            "move %s to another place: the run then goes on from %s; steps %d to %d are abandoned and taken anew"
                .formatted(run.resolve("rollouts"), checkpoint(), SAVED + 1, committed));

    Files.move(run.resolve("rollouts"), folder.resolve("moved"));
    requireRecordedAnew();
  }

  @Test
  void aRunThatLostItsOnlySegmentRecordsAnewAfterItsCheckpoint() throws Exception {
    assertThat(newestFirst(run.resolve("rollouts/segments"))).hasSize(1);
    Files.delete(run.resolve("rollouts/segments/000001.seg"));

    requireRecordedAnew();
    assertThat(run.resolve("rollouts/segments/000001.seg")).doesNotExist();
  }

  /** There is no gap in a recording that a replay would not get over. */
  @Test
  void aRecordingThatEndsBeforeTheCheckpointIsNotGoneOnWith() throws Exception {
    cutAfterStep(SAVED - 1);

    assertRefused(
        train(1, Map.of()),
        run.resolve("rollouts") + " does not have step " + SAVED + ", after which the run goes on");
  }

  private void requireRecordedAnew() throws Exception {
    assertThat(train(0, Map.of()))
        .contains(
            "%s has nothing of steps 1 to %d: the recording begins with step %d, and a replay of it needs %s"
                .formatted(run.resolve("rollouts"), SAVED, SAVED + 1, checkpoint()))
        .contains("steps %d to %d are abandoned, term 2".formatted(SAVED + 1, committed));
    requireAbandonedAfter(SAVED);
    assertThat(sampo(0, Map.of(), "inspect", run.toString(), "--verify")).contains("faults      0");
    String again = folder.resolve("again").toString();
    assertThat(
            sampo(
                0,
                Map.of(),
                "replay",
                run + "/rollouts",
                "--checkpoint",
                checkpoint().toString(),
                "--out",
                again))
        .contains("%d steps, %d of them equal".formatted(STEPS - SAVED, STEPS - SAVED));
  }

  private Path checkpoint() {
    return run.resolve("checkpoints/step-" + SAVED);
  }

  /** Cut to what it was some time before, as by a backup that is put back. */
  @Test
  void aRunWhoseLedgerHasLostItsEndDoesNotGoOn() throws Exception {
    Path database = run.resolve("ledger/ledger.mv.db");
    try (FileChannel channel = FileChannel.open(database, StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() / 4096 / 2 * 4096);
    }

    assertRefused(train(1, Map.of()), "ledger ");
  }

  @Test
  void aRunWithoutWhatRemembersTheEndOfItsLedgerDoesNotGoOn() throws Exception {
    Path head = run.resolve("ledger/ledger.head");
    Files.delete(head);

    assertRefused(train(1, Map.of()), head + " is missing");
    assertRefused(train(1, Map.of()), head + " is missing");
  }

  @Test
  void aRunThatAnotherProcessWorksOnIsRefusedAndGoesOnThere() throws Exception {
    SampoProcess first = new SampoProcess(run, folder.resolve("first.txt"), command());
    first.awaitSteps(1);

    assertRefused(train(1, Map.of()), run + " is in use by another process");

    first.await();
    LedgerRules.requireKept(run, RUN_ID, STEPS, GROUPS_PER_STEP);
  }

  private static void assertRefused(String said, String reason) {
    assertThat(said.lines().filter(line -> line.startsWith("sampo: ")))
        .singleElement()
        .asString()
        .contains(reason)
        .doesNotContain("internal error");
  }

  private static JdbcJournal.Place ledger(Path folder) {
    return LedgerRules.place(folder.resolve("ledger"), RUN_ID);
  }

  /** Cuts the recording behind a step. */
  private void cutAfterStep(long step) throws IOException {
    Path segments = run.resolve("rollouts/segments");
    for (Path segment : newestFirst(segments)) {
      while (lastStep() > step && Files.size(segment) > 24) {
        try (FileChannel channel = FileChannel.open(segment, StandardOpenOption.WRITE)) {
          channel.truncate(Math.max(24, channel.size() - 64));
        }
      }
      if (lastStep() <= step) {
        return;
      }
      Files.delete(segment);
    }
  }

  private static List<Path> newestFirst(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> sorted = new ArrayList<>(files.sorted().toList());
      Collections.reverse(sorted);
      return sorted;
    }
  }

  private long lastStep() {
    return steps().stream().mapToLong(RecordedStep::number).max().orElse(0);
  }

  private List<RecordedStep> steps() {
    try (Stream<RecordedStep> steps = Recording.open(run.resolve("rollouts")).steps(0)) {
      return steps.toList();
    }
  }

  private void requireWholeRun(long kept) throws IOException {
    requireAbandonedAfter(kept);
    LedgerRules.requireKeptWithLosses(run, ledger(run), STEPS, GROUPS_PER_STEP);
    assertThat(steps())
        .extracting(RecordedStep::step)
        .extracting(StepCommitted::version)
        .allSatisfy(
            version -> assertThat(version.term()).isEqualTo(version.step() <= kept ? 1 : 2));
    assertThat(Files.readAllLines(run.resolve("metrics.jsonl"))).hasSize(STEPS);
  }

  private void requireAbandonedAfter(long kept) {
    assertThat(LedgerRules.abandoned(ledger(run)))
        .isNotEmpty()
        .isEqualTo(LongStream.rangeClosed(kept + 1, committed).boxed().toList());
  }

  private List<String> command() {
    return List.of(
        "train", shared.resolve("train.conf") + "", "--set", "run.folder=\"" + run + "\"");
  }

  private String train(int code, Map<String, String> environment, String... more) throws Exception {
    List<String> command = new ArrayList<>(command());
    Collections.addAll(command, more);
    return sampo(code, environment, command.toArray(String[]::new));
  }

  private String sampo(int code, Map<String, String> environment, String... command)
      throws Exception {
    Path said = Files.createTempFile(folder, "said", ".txt");
    return new SampoProcess(folder, said, List.of(command), environment).await(code);
  }
}
