package dev.sampo.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.actors.journal.JdbcJournal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Trainings, each in a process of its own, whose ledger is in a real PostgreSQL. */
@Timeout(600)
class PostgresRunTest {
  private static final int STEPS = 6;
  private static final int GROUPS_PER_STEP = 2;

  @RegisterExtension static final PostgresDatabases POSTGRES = new PostgresDatabases();
  @TempDir private static Path shared;
  private static Path configuration;

  @TempDir private Path folder;
  private String url;

  @BeforeAll
  static void writeTraining() throws Exception {
    TinyTraining.writeData(shared);
    configuration =
        TinyTraining.configure(
            shared,
            "database",
            STEPS,
            GROUPS_PER_STEP,
            """
            staleness.max = 1
            checkpoint { every = 2, keep = 2 }
            """);
  }

  @BeforeEach
  void takeDatabase() {
    url = POSTGRES.url();
  }

  @Test
  void twoRunsInOneDatabaseGoFromStartToEnd() throws Exception {
    SampoProcess first = train("first");
    SampoProcess second = train("second");
    first.await();
    second.await();

    requireKept("first");
    requireKept("second");
    Path run = folder.resolve("first");
    Path said = folder.resolve("inspected.txt");
    assertThat(new SampoProcess(run, said, List.of("inspect", run.toString(), "--verify")).await())
        .contains("ledger      " + url)
        .contains("faults      0");
  }

  @Test
  void aKilledRunGoesOn() throws Exception {
    Random random = new Random(3);
    boolean alive = true;
    for (int kills = 0; alive && kills < 2; kills++) {
      alive = train("killed").kill(random);
    }
    train("killed").awaitFinishedRun();

    requireKept("killed");
  }

  @Test
  void theSameRunInAnotherFolderIsRefused() throws Exception {
    SampoProcess first = train("run");
    first.awaitSteps(1);

    String said = train("elsewhere", "run.name=run").await(1);

    assertThat(errors(said))
        .startsWith("sampo: ledger " + url + " has ")
        .contains(" events, but " + folder.resolve("elsewhere/ledger/ledger.head") + " is missing")
        .contains(
            "run run-5 has another folder, or the file was lost; put it back if there is a copy")
        .contains("with another run.folder and run.name, and the newest of its checkpoints");
    assertThat(folder.resolve("elsewhere")).doesNotExist();
    first.await();
    requireKept("run");
  }

  @Test
  void aRunWaitsForADatabaseThatIsLostForAWhile() throws Exception {
    SampoProcess run = train("waiting", "ledger.attempts=1000", "ledger.retry-after=20ms");
    run.awaitSteps(2);
    POSTGRES.server().crash();
    try {
      run.awaitLog("trying again in");
    } finally {
      POSTGRES.server().start();
    }
    run.await();

    requireKept("waiting");
  }

  @Test
  void aRunThatLosesItsDatabaseForGoodEndsWithOneLineAndGoesOnLater() throws Exception {
    SampoProcess run = train("lost", "ledger.attempts=3", "ledger.retry-after=10ms");
    run.awaitSteps(2);
    POSTGRES.server().crash();
    try {
      String said = run.await(1);
      assertThat(errors(said))
          .startsWith("sampo: ledger " + url)
          .endsWith("given up after 3 attempts");
    } finally {
      POSTGRES.server().start();
    }
    train("lost").await();

    requireKept("lost");
  }

  @ParameterizedTest(name = "{2}")
  @MethodSource
  void aDatabaseThatCannotBeOpenedIsOneLineBeforeAnythingIsLoaded(
      UnaryOperator<String> other, String password, String reason) throws Exception {
    Path file = Files.writeString(folder.resolve("password"), password);

    String said =
        train(
                "refused",
                "ledger.url=\"" + other.apply(url) + "\"",
                "ledger.password-file=\"" + file + "\"",
                "ledger.attempts=2",
                "ledger.retry-after=10ms")
            .await(1);

    assertThat(errors(said))
        .startsWith("sampo: ledger " + other.apply(url) + " cannot be opened: ")
        .contains(reason);
    assertThat(folder.resolve("refused")).doesNotExist();
  }

  static Stream<Arguments> aDatabaseThatCannotBeOpenedIsOneLineBeforeAnythingIsLoaded() {
    UnaryOperator<String> same = url -> url;
    UnaryOperator<String> unknown = url -> url + "_unknown";
    UnaryOperator<String> noHost = url -> "jdbc:postgresql://host.invalid/sampo";
    UnaryOperator<String> noServer = url -> "jdbc:postgresql://127.0.0.1:1/sampo";
    return Stream.of(
        Arguments.of(same, "wrong", "password authentication failed for user \"sampo\""),
        Arguments.of(unknown, PostgresServer.PASSWORD, "_unknown\" does not exist"),
        Arguments.of(noHost, PostgresServer.PASSWORD, "host.invalid"),
        Arguments.of(noServer, PostgresServer.PASSWORD, "127.0.0.1:1 refused"));
  }

  /** Starts a training of that name, or goes on with it. */
  private SampoProcess train(String name, String... settings) throws Exception {
    List<String> command = new ArrayList<>(List.of("train", configuration.toString()));
    for (String setting :
        List.of(
            "run.name=" + name,
            "run.folder=\"" + folder.resolve(name) + "\"",
            "ledger.url=\"" + url + "\"",
            "ledger.user=" + PostgresServer.USER,
            "ledger.password-file=\"" + POSTGRES.server().passwordFile() + "\"")) {
      Collections.addAll(command, "--set", setting);
    }
    for (String setting : settings) {
      Collections.addAll(command, "--set", setting);
    }
    Path said = Files.createTempFile(folder, name, ".txt");
    return new SampoProcess(folder.resolve(name), said, command);
  }

  private static String errors(String said) {
    return said.lines()
        .filter(line -> line.startsWith("sampo: "))
        .collect(Collectors.joining("\n"));
  }

  private void requireKept(String name) {
    LedgerRules.requireKept(
        folder.resolve(name),
        new JdbcJournal.Place(
            url,
            Optional.of(PostgresServer.USER),
            Optional.of(PostgresServer.PASSWORD),
            folder.resolve(name).resolve("ledger/ledger.head"),
            name + "-5"),
        STEPS,
        GROUPS_PER_STEP);
  }
}
