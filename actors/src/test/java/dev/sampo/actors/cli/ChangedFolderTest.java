package dev.sampo.actors.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a training says whose configuration or folder somebody has changed by hand. */
@Timeout(300)
final class ChangedFolderTest {
  private static final Path MODEL =
      Path.of("../models/tiny-rec/shifted").toAbsolutePath().normalize();
  private static final int STEPS = 2;

  @TempDir private Path folder;
  private Path run;
  private Path configuration;

  /** What a command said. */
  private record Said(int code, String out, String err) {}

  @BeforeEach
  void trainToTheEnd() throws IOException {
    run = folder.resolve("run");
    RecDataWriter.write(folder.resolve("data"), RecDataSettings.forTraining(9, 2, 1), (d, n) -> {});
    configuration =
        Files.writeString(
            folder.resolve("train.conf"),
            """
            sampo {
              run { name = changed, folder = run, seed = 5, steps = %d }
              model.path = "%s"
              data { train = data/train.jsonl, image-folder = data }
              sampling.max-tokens = 40
              rollout { group-size = 4, max-groups-in-flight = 3 }
              learner { groups-per-step = 2, learning-rate = 2e-4, objective.kl.beta = 0 }
            }
            """
                .formatted(STEPS, MODEL));
    Said said = sampo("train", configuration.toString());
    assertThat(said.code).as(said.err).isZero();
  }

  @Test
  void anotherNameOfTheRunIsNamed() {
    assertRefused(
        train("run.name=other"),
        run + " holds a run with other settings: run.name was changed and is other; ");
  }

  @Test
  void aLedgerThatHasGoneIsNamedAndNotMadeAnew() throws IOException {
    Path ledger = run.resolve("ledger");
    for (String file : List.of("ledger.mv.db", "ledger.head")) {
      Files.delete(ledger.resolve(file));
    }
    Files.delete(ledger);

    Said said = train();

    assertRefused(said, "ledger jdbc:h2:file:" + ledger.resolve("ledger") + " has gone: ");
    assertThat(said.err)
        .contains(ledger.resolve("ledger.mv.db") + " and " + ledger.resolve("ledger.head"))
        .contains("put it back if there is a copy");
    assertThat(ledger).doesNotExist();
  }

  @Test
  void withoutACheckpointTheStepsOfTheLedgerAreTakenAgain() throws IOException {
    deleteAll(run.resolve("checkpoints"));

    assertThat(train().out)
        .contains("taking steps 1 to 2 again from the start: there is no checkpoint")
        .doesNotContain("beginning anew");
  }

  @Test
  void rowsWhosePicturesAreGoneAreCountedAtTheStart() throws IOException {
    Path data = folder.resolve("data");
    List<String> rows = Files.readAllLines(data.resolve("train.jsonl"));
    try (Stream<Path> images = Files.list(data.resolve("images/train"))) {
      Path gone = images.sorted().findFirst().orElseThrow();
      long numOfIt = rows.stream().filter(row -> row.contains(gone.getFileName() + "")).count();
      Files.delete(gone);

      assertThat(train().out)
          .contains(
              "%d of %d training rows cannot be used and are set aside when their turn comes, first %s:1: "
                  .formatted(numOfIt, rows.size(), data.resolve("train.jsonl")));
    }
  }

  /** A part of the node says it to the log, the command to the user. */
  @Test
  void aFailureOfAPartIsSaidOnce() throws IOException {
    deleteAll(run.resolve("checkpoints"));
    deleteAll(run.resolve("rollouts/images"));
    PrintStream terminal = System.err;
    ByteArrayOutputStream logged = new ByteArrayOutputStream();
    System.setErr(new PrintStream(logged, true, StandardCharsets.UTF_8));
    Said said;
    try {
      said = train();
    } finally {
      System.setErr(terminal);
    }

    assertRefused(said, "image " + run.resolve("rollouts/images"));
    assertThat(logged.toString(StandardCharsets.UTF_8)).isEmpty();
    assertThat(run.resolve("run.log")).content().contains("ERROR").contains("SupervisorStrategy");
  }

  private static void deleteAll(Path path) throws IOException {
    try (Stream<Path> tree = Files.walk(path)) {
      for (Path file : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static void assertRefused(Said said, String reason) {
    assertThat(said.code).isEqualTo(1);
    assertThat(said.err).startsWith("sampo: " + reason).hasLineCount(1);
  }

  private Said train(String... assignments) {
    return sampo(
        Stream.concat(
                Stream.of("train", configuration.toString()),
                Stream.of(assignments).flatMap(assignment -> Stream.of("--set", assignment)))
            .toArray(String[]::new));
  }

  private static Said sampo(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = SampoMain.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    return new Said(code, out.toString(), err.toString());
  }
}
