package dev.sampo.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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

  /**
   * Other nodes can join before, and a run that goes on compares with what its first start found.
   */
  @Test
  void aTrainingIsMeasuredOnceBeforeItAndWhenThereIsANode() throws Exception {
    Path file = training("evaluation { splits.id = data/train.jsonl, image-folder = data }");

    String first = interrupt("INT", 2, BY_SIGINT, "train", file.toString());
    String second = sampo("train", file.toString());

    assertThat(first.lines())
        .filteredOn(line -> line.matches("(control|before|training): .*"))
        .extracting(line -> line.substring(0, line.indexOf(':')))
        .startsWith("control", "before", "before", "training");
    assertThat(second).doesNotContain("before: ").contains("after: 2/2");
    assertThat(Files.readString(run.resolve("summary.json"))).contains("before").contains("after");
  }

  @Test
  void aTrainingThatIsMeasuredBeforeLeavesOffWhenItIsInterrupted() throws Exception {
    String splits =
        IntStream.range(0, 30)
            .mapToObj("splits.%02d = data/train.jsonl"::formatted)
            .collect(Collectors.joining(", "));
    Path file = training("evaluation { image-folder = data, %s }".formatted(splits));
    SampoProcess process =
        new SampoProcess(run, folder.resolve("said.txt"), List.of("train", file.toString()));

    process.awaitSaid("control: ");
    process.signal("INT");
    String said = process.await(BY_SIGINT);

    assertThat(said).doesNotContain("before: 60/60").doesNotContain("ERROR");
    assertThat(said.lines().toList().getLast())
        .startsWith("interrupted: the ledger has the 0 steps so far and 0 finished groups");
    assertThat(run.resolve("before.json")).doesNotExist();
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
