package dev.sampo.fault;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A server for the tests of a class, and an empty database for each of them. Where there can be no
 * server, the class is left out and says why.
 */
final class PostgresDatabases implements BeforeAllCallback, AfterAllCallback, BeforeEachCallback {
  private Optional<PostgresServer> server = Optional.empty();
  private Optional<Path> folder = Optional.empty();
  private int numDatabases;
  private String url = "";

  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    Optional<String> missing = PostgresServer.whatIsMissing();
    assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
    Path made = Files.createTempDirectory("postgres");
    folder = Optional.of(made);
    server = Optional.of(PostgresServer.start(made));
  }

  @Override
  public void beforeEach(ExtensionContext context) throws Exception {
    numDatabases++;
    url = server().database("ledgers_" + numDatabases);
  }

  @Override
  public void afterAll(ExtensionContext context) throws Exception {
    if (server.isPresent()) {
      server.get().crash();
    }
    if (folder.isPresent()) {
      delete(folder.get());
    }
  }

  private static void delete(Path folder) throws IOException {
    List<Path> all;
    try (Stream<Path> tree = Files.walk(folder)) {
      all = tree.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.delete(path);
    }
  }

  PostgresServer server() {
    return server.orElseThrow();
  }

  /** The present test's database, as JDBC has it. */
  String url() {
    return url;
  }
}
