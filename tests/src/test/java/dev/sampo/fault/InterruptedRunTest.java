package dev.sampo.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Commands that are told to stop say what they have saved, and go on when they are asked again. */
@Timeout(300)
class InterruptedRunTest {
  private static final Path MODEL = Path.of("../models/tiny-rec").toAbsolutePath().normalize();
  private static final int BY_SIGINT = 130;
  private static final int BY_SIGTERM = 143;

  @TempDir private Path folder;
  private Path run;

  @BeforeEach
  void writeData() {
    TinyTraining.writeData(folder);
    run = folder.resolve("run");
  }

  @Test
  void aTrainingNamesTheStepsThatItsLedgerHas() throws Exception {
    Path file = training("");

    String said = interrupt("INT", 2, BY_SIGINT, "train", file.toString());

    long steps =
        LedgerRules.state(LedgerRules.place(run.resolve("ledger"), "stopped-5")).history().step();
    assertThat(steps).isPositive();
    assertThat(said.lines().toList().getLast())
        .startsWith("interrupted: the ledger has the %d steps so far and ".formatted(steps))
        .endsWith(
            "finished groups that wait, the newest checkpoint is of step %d; 'sampo train %s' goes on"
                .formatted(steps, run.resolve("config.conf")));
    assertThat(sampo("train", run + "/config.conf"))
        .contains("the ledger ends at step " + steps)
        .doesNotContain("was cut");
    LedgerRules.requireKept(run, "stopped-5", 12, 2);
    assertThat(Files.readAllLines(run.resolve("metrics.jsonl"))).hasSize(12);
    assertThat(Files.readAllLines(run.resolve("run.log")))
        .as("a rule that always holds, counted over both processes")
        .filteredOn(line -> line.contains("guard: "))
        .satisfiesExactly(
            first -> assertThat(first).endsWith("at step 5"),
            second -> assertThat(second).endsWith("at step 10"));
    requireReplayIsTheSame();
  }

  private void requireReplayIsTheSame() throws Exception {
    Path recording = run.resolve("rollouts");
    run = folder.resolve("replayed");

    String said = interrupt("TERM", 2, BY_SIGTERM, "replay", recording + "", "--out", run + "");

    int steps = Files.readAllLines(run.resolve("metrics.jsonl")).size();
    assertThat(said.lines().toList().getLast())
        .isEqualTo(
            "interrupted: %s has the steps up to %d of the recording; the same command goes on"
                .formatted(run.resolve("checkpoints"), steps));
    assertThat(sampo("replay", recording + "", "--out", run + ""))
        .contains("going on from " + run.resolve("checkpoints/step-" + steps))
        .contains("12 steps, 12 of them equal to the recorded bit for bit");
  }

  @Test
  void aTrainingWithoutARecordingLosesNoStepByAnInterruption() throws Exception {
    Path file = training("recording.enabled = false");

    interrupt("TERM", 2, BY_SIGTERM, "train", file.toString());

    assertThat(sampo("train", file.toString())).doesNotContain("beginning anew");
    assertThat(LedgerRules.abandoned(LedgerRules.place(run.resolve("ledger"), "stopped-5")))
        .isEmpty();
    assertThat(Files.readAllLines(run.resolve("metrics.jsonl"))).hasSize(12);
  }

  private Path training(String more) throws IOException {
    return TinyTraining.configure(
        folder,
        "stopped",
        12,
        2,
        """
        checkpoint.every = 100
        guards.rules = [{metric = entropy, above = 0, steps = 5, action = warn}]
        %s
        """
            .formatted(more));
  }

  @Test
  void aSupervisedTrainingSavesACheckpointAndSaysWhichMetricsAreLostLater() throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("sft.conf"),
            """
            sampo {
              run { folder = run, seed = 5 }
              model { path = "%s", init = random }
              checkpoint.every = 1000
              sft.phases = [{data = data/train.jsonl, image-folder = data,
                question-template = "{Question}", images-per-step = 2, questions-per-image = 2,
                steps = 80}]
            }
            """
                .formatted(MODEL));

    String said = interrupt("TERM", 3, BY_SIGTERM, "sft", file.toString());

    List<String> lines = new ArrayList<>(Files.readAllLines(run.resolve("metrics.jsonl")));
    Path checkpoint = run.resolve("checkpoints/step-" + lines.size());
    assertThat(checkpoint).isDirectory();
    assertThat(said.lines().toList().getLast())
        .isEqualTo(
            "interrupted: %s has the %d steps so far; the same command goes on"
                .formatted(checkpoint, lines.size()));

    lines.remove(1);
    Files.write(run.resolve("metrics.jsonl"), lines);
    assertThat(sampo("sft", file.toString()))
        .contains("going on from " + checkpoint)
        .contains(
            "%s was cut or damaged: it has no line for 1 of %d steps, the first of them is step 2"
                .formatted(run.resolve("metrics.jsonl"), lines.size() + 1));
    assertThat(Files.readAllLines(run.resolve("metrics.jsonl"))).hasSize(79);
  }

  private String interrupt(String signal, int steps, int code, String... command)
      throws IOException, InterruptedException {
    SampoProcess process =
        new SampoProcess(
            run, Files.createTempFile(folder, "interrupted", ".txt"), List.of(command));
    process.awaitSteps(steps);
    process.signal(signal);
    return process.await(code);
  }

  private String sampo(String... command) throws IOException, InterruptedException {
    return new SampoProcess(run, Files.createTempFile(folder, "again", ".txt"), List.of(command))
        .await();
  }
}
