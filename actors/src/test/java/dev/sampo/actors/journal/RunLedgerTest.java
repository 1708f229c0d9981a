package dev.sampo.actors.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.config.LedgerSettings;
import dev.sampo.config.RunConfigReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.h2.tools.Server;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a run meets the server of its ledger at the start. */
final class RunLedgerTest {
  @TempDir private Path folder;
  private final List<String> notices = new ArrayList<>();
  private int port;

  @BeforeEach
  void findPort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
  }

  @Test
  void aServerThatIsAwayIsWaitedForWithOneNotice() {
    List<Server> started = new ArrayList<>();
    try (RunLedger ledger =
        open(
            "jdbc:h2:tcp://127.0.0.1:" + port + "/run",
            line -> {
              notices.add(line);
              started.add(startServer());
            })) {
      assertThat(ledger.isNew()).isTrue();
    } finally {
      started.forEach(Server::stop);
    }

    assertThat(notices)
        .singleElement()
        .asString()
        .startsWith("ledger jdbc:h2:tcp://127.0.0.1:" + port + "/run cannot be opened: ")
        .endsWith("; trying again every 0.01s, 2 times at most");
    assertThat(folder.resolve("ledger/ledger.head")).exists();
  }

  @Test
  void aServerThatStaysAwayIsGivenUpAndNothingIsMade() {
    String url = "jdbc:postgresql://127.0.0.1:" + port + "/run";

    assertThatThrownBy(() -> open(url, notices::add))
        .isInstanceOf(LedgerException.class)
        .hasMessageStartingWith("ledger " + url + " cannot be opened: ")
        .hasMessageEndingWith("; given up after 3 attempts");

    assertThat(notices).hasSize(1);
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void whatWaitingDoesNotMendIsNotWaitedFor() throws IOException {
    Path file = Files.writeString(folder.resolve("no.mv.db"), "no database");

    assertThatThrownBy(() -> open("jdbc:h2:file:" + folder.resolve("no"), notices::add))
        .isInstanceOf(LedgerException.class)
        .hasMessageContaining(file.toString());

    assertThat(notices).isEmpty();
  }

  /** H2 would print a stack trace where it cannot write a trace file beside the database. */
  @Test
  void aFileThatCannotBeWrittenIsNamedByTheErrorAlone() throws IOException {
    Path below = Files.writeString(folder.resolve("file"), "no folder").resolve("ledger");
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    PrintStream caught = new PrintStream(printed, true, StandardCharsets.UTF_8);
    System.setOut(caught);
    System.setErr(caught);
    try {
      assertThatThrownBy(() -> open("jdbc:h2:file:" + below, notices::add))
          .isInstanceOf(LedgerException.class)
          .hasMessageStartingWith("ledger jdbc:h2:file:" + below + " cannot be opened: ");
    } finally {
      System.setOut(out);
      System.setErr(err);
    }

    assertThat(printed.toString(StandardCharsets.UTF_8)).isEmpty();
  }

  private Server startServer() {
    try {
      return Server.createTcpServer(
              "-tcpPort",
              String.valueOf(port),
              "-baseDir",
              folder.resolve("server").toString(),
              "-ifNotExists")
          .start();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private RunLedger open(String url, Consumer<String> waits) {
    LedgerSettings settings =
        RunConfigReader.read(
                Optional.empty(),
                List.of(
                    "ledger.url=\"" + url + "\"",
                    "ledger.attempts=3",
                    "ledger.retry-after=10ms",
                    "data.train=rows.jsonl"))
            .settings()
            .ledger();
    return RunLedger.open(settings, folder.resolve("ledger"), "run", OptionalLong::empty, waits);
  }
}
