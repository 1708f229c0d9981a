package dev.sampo.bench;

import dev.sampo.config.LedgerSettings;
import dev.sampo.config.RecordingSettings;
import dev.sampo.fault.PostgresServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How fast the ledger is: {@code tests/bench/run.sh ledger FOLDER [ROUNDS]}. FOLDER decides which
 * disk is measured; what is written there is deleted.
 */
public final class LedgerBenchmark {
  private static final LedgerSettings H2 =
      new LedgerSettings(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          1,
          Duration.ZERO,
          10_000,
          RecordingSettings.Keep.EVERYTHING);
  private static final int[] GROUPS_AT_START = {10_000, 100_000, 300_000};
  private static final int STEPS = 150;
  private static final int STEPS_OF_LARGE_GROUPS = 45;

  private final Path root;
  private final Optional<LedgerSettings> postgres;
  private int numRounds;

  private LedgerBenchmark(Path root, Optional<LedgerSettings> postgres) {
    this.root = root;
    this.postgres = postgres;
  }

  public static void main(String[] arguments) throws Exception {
    Path root = Files.createTempDirectory(Files.createDirectories(Path.of(arguments[0])), "ledger");
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 3;
    Optional<String> missing = PostgresServer.whatIsMissing();
    missing.ifPresent(System.out::println);
    try {
      if (missing.isPresent()) {
        measure(root, Optional.empty(), rounds);
      } else {
        PostgresServer server = PostgresServer.start(Files.createDirectory(root.resolve("server")));
        try {
          measure(root, Optional.of(settings(server)), rounds);
        } finally {
          server.crash();
        }
      }
    } finally {
      delete(root);
    }
    System.exit(0); // threads of the actors may be left
  }

  private static LedgerSettings settings(PostgresServer server) throws Exception {
    return new LedgerSettings(
        Optional.of(server.database("bench")),
        Optional.of(PostgresServer.USER),
        Optional.of(server.passwordFile()),
        1,
        Duration.ZERO,
        10_000,
        RecordingSettings.Keep.EVERYTHING);
  }

  private static void measure(Path root, Optional<LedgerSettings> postgres, int rounds)
      throws IOException {
    LedgerBenchmark benchmark = new LedgerBenchmark(root, postgres);
    benchmark.round(new Results());
    Results results = new Results();
    for (int i = 0; i < rounds; i++) {
      benchmark.round(results);
    }
    System.out.print(results.table());
  }

  private void round(Results results) throws IOException {
    numRounds++;
    Path folder = Files.createDirectory(root.resolve("round-" + numRounds));
    new CoreRates().measure(results);
    JournalRates journal = new JournalRates(folder);
    journal.measureMemory(results);
    journal.measure("H2", H2, results);
    if (postgres.isPresent()) {
      journal.measure("PostgreSQL", postgres.get(), results);
    }
    ProtocolRates protocol = new ProtocolRates(folder, STEPS);
    protocol.measureMemory(results);
    protocol.measureLedger("H2", H2, results);
    if (postgres.isPresent()) {
      protocol.measureLedger("PostgreSQL", postgres.get(), results);
    }
    protocol.measureRecorded("H2", H2, new ProtocolRates.Size(8, 16, 16), results);
    new ProtocolRates(Files.createDirectory(folder.resolve("large")), STEPS_OF_LARGE_GROUPS)
        .measureRecorded("H2", H2, new ProtocolRates.Size(8, 250, 400), results);
    for (int groups : GROUPS_AT_START) {
      journal.measureStart("H2", H2, groups, results);
    }
    delete(folder);
  }

  private static void delete(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      files.sorted(Comparator.reverseOrder()).forEach(LedgerBenchmark::deleteFile);
    }
  }

  private static void deleteFile(Path file) {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
