package dev.sampo.actors.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a command says and does that finds a run of its own, whole or damaged. */
final class ResumedRunTest {
  private static final Path MODEL = Path.of("../models/tiny-rec").toAbsolutePath().normalize();

  @TempDir private Path folder;
  private Path run = Path.of("");

  /** What a command said. */
  private record Said(int code, String out, String err) {}

  /** A run of three steps, each with a checkpoint. */
  @BeforeEach
  void train() throws IOException {
    run = folder.resolve("run");
    RecDataWriter.write(folder.resolve("data"), RecDataSettings.forTraining(4, 2, 1), (d, n) -> {});
    Files.writeString(
        folder.resolve("sft.conf"),
        """
        sampo {
          run.folder = run
          model { path = "%s", init = random }
          checkpoint { every = 1, keep = 3 }
          sft.phases = [{data = data/train.jsonl, image-folder = data,
            question-template = "{Question}", images-per-step = 1, questions-per-image = 1,
            steps = 3}]
        }
        """
            .formatted(MODEL));
    assertThat(sft().code).isZero();
  }

  private Said sft(String... assignments) {
    return sft(folder.resolve("sft.conf"), assignments);
  }

  private Said sft(Path file, String... assignments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    Stream<String> settings = Stream.of(assignments).flatMap(a -> Stream.of("--set", a));
    int code =
        SampoMain.run(
            new PrintWriter(out, true),
            new PrintWriter(err, true),
            Stream.concat(Stream.of("sft", file.toString()), settings).toArray(String[]::new));
    return new Said(code, out.toString(), err.toString());
  }

  /** As a run leaves it that is stopped after its second step. */
  private void undoTheThirdStep() throws IOException {
    deleteAll(run.resolve("checkpoints/step-3"));
  }

  private static void deleteAll(Path path) throws IOException {
    try (Stream<Path> tree = Files.walk(path)) {
      for (Path file : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Test
  void aFinishedRunIsRefusedBeforeAnythingIsSaidToGoOn() {
    Said said = sft();

    assertThat(said.code).isEqualTo(1);
    assertThat(said.err)
        .startsWith("sampo: " + run + " holds a finished run of 3 steps; ")
        .hasLineCount(1);
    assertThat(said.out).doesNotContain("going on");
  }

  @Test
  void aDamagedCheckpointIsNamedAndTheOneBeforeIsGoneOnFrom() throws IOException {
    Path damaged = run.resolve("checkpoints/step-3");
    Files.writeString(damaged.resolve("config.json"), " ", StandardOpenOption.APPEND);

    Said said = sft();

    assertThat(said.code).as(said.err).isZero();
    assertThat(said.out)
        .contains("checkpoint " + damaged + " is left out: config.json has ")
        .contains("going on from " + run.resolve("checkpoints/step-2"));
    assertThat(run.resolve("run.log")).content().contains(damaged + " is left out");
  }

  /** Its configuration names the folder that it was in. */
  @Test
  void aRunThatWasMovedGoesOnInItsNewFolderOnly() throws IOException {
    undoTheThirdStep();
    Path moved = Files.move(run, folder.resolve("moved"));
    Path config = moved.resolve("config.conf");

    Said refused = sft(config);

    assertThat(refused.code).isEqualTo(1);
    assertThat(refused.err)
        .startsWith("sampo: " + config + ":")
        .contains("sampo.run.folder: is " + run + ", and this is the configuration of a run in ")
        .contains("--set run.folder=" + moved)
        .hasLineCount(1);
    assertThat(run).doesNotExist();
    assertThat(sft(config, "run.folder=" + moved).out)
        .contains("going on from " + moved.resolve("checkpoints/step-2"));
  }

  @Test
  void theConfigurationInARunFolderGoesOnWithThatRun() throws IOException {
    undoTheThirdStep();

    assertThat(sft(run.resolve("config.conf")).out)
        .contains("going on from " + run.resolve("checkpoints/step-2"));
  }

  @Test
  void otherThreadsAreRemarked() throws IOException {
    undoTheThirdStep();

    Said said = sft("sft.threads=2");

    assertThat(said.code).as(said.err).isZero();
    assertThat(said.out).contains("sft.threads was 1 and is 2; results may differ by rounding");
  }

  @Test
  void withoutACheckpointARunBeginsAnew() throws IOException {
    deleteAll(run.resolve("checkpoints"));

    Said said = sft();

    assertThat(said.code).as(said.err).isZero();
    assertThat(said.out).contains("beginning anew: there is no checkpoint");
    assertThat(Files.readAllLines(run.resolve("metrics.jsonl"))).hasSize(3);
  }

  @Test
  void whereRunJsonIsDamagedACheckpointSaysWhatRunItIs() throws IOException {
    undoTheThirdStep();
    Files.writeString(run.resolve("run.json"), "");

    assertThat(sft("run.seed=1").err)
        .startsWith("sampo: " + run.resolve("checkpoints/step-2") + " was made with other settings")
        .contains("run.seed was 0 and is 1");
    Said said = sft();

    assertThat(said.code).as(said.err).isZero();
    assertThat(said.out).contains("going on from " + run.resolve("checkpoints/step-2"));
    assertThat(run.resolve("run.json")).content().contains("\"command\" : \"sft\"");
  }

  @Test
  void stepsOfWhichNothingSaysWhatRunTheyAreOfAreLeftAlone() throws IOException {
    deleteAll(run.resolve("checkpoints"));
    Files.writeString(run.resolve("run.json"), "");

    Said said = sft();

    assertThat(said.code).isEqualTo(1);
    assertThat(said.err)
        .startsWith("sampo: " + run + " holds steps, but its run.json is lost or damaged")
        .hasLineCount(1);
    assertThat(Files.readAllLines(run.resolve("metrics.jsonl"))).hasSize(3);
  }
}
