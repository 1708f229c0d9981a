package dev.sampo.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.actors.journal.JdbcJournal;
import dev.sampo.actors.journal.LedgerException;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ledger.LedgerEvent;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The journal alone, in a real PostgreSQL. */
@Timeout(120)
class PostgresJournalTest {
  @RegisterExtension static final PostgresDatabases POSTGRES = new PostgresDatabases();

  @TempDir private Path folder;
  private String url;

  @BeforeEach
  void takeDatabase() {
    url = POSTGRES.url();
  }

  @Test
  void whatWasAppendedOutlivesACrashOfTheServer() throws Exception {
    try (JdbcJournal journal = opened()) {
      journal.append(events(0, 3));
      journal.append(events(3, 2));
      POSTGRES.server().crash();
      POSTGRES.server().start();
    }

    assertThat(read()).isEqualTo(events(0, 5));
  }

  @Test
  void ofTwoWritersTheOneThatCameLaterGoesOnAndTheOtherFails() {
    try (JdbcJournal older = opened();
        JdbcJournal newer = opened()) {
      newer.append(events(0, 1));

      assertThatThrownBy(() -> older.append(events(0, 2)))
          .isInstanceOfSatisfying(LedgerException.class, e -> assertThat(e.isPassing()).isFalse())
          .hasMessageContaining("another process goes on with run run");
    }
    assertThat(read()).isEqualTo(events(0, 1));
  }

  @Test
  void whoReadsAgainDoesNotTakeTheEventsOfAnotherWriterForItsOwn() {
    try (JdbcJournal older = opened()) {
      older.append(events(0, 2));
      try (JdbcJournal newer = opened()) {
        newer.append(events(2, 1));
      }

      assertThatThrownBy(() -> older.replay(event -> {}))
          .isInstanceOfSatisfying(LedgerException.class, e -> assertThat(e.isPassing()).isFalse())
          .hasMessageContaining("another process goes on with run run");
      assertThatThrownBy(() -> older.append(events(2, 1))).isInstanceOf(LedgerException.class);
    }
    assertThat(read()).isEqualTo(events(0, 3));
  }

  @Test
  void runsThatBeginAtTheSameMomentMakeTheTablesOnce() throws Exception {
    int runs = 8;
    CyclicBarrier start = new CyclicBarrier(runs);
    List<Future<?>> opened = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(runs)) {
      for (int i = 0; i < runs; i++) {
        String run = "run-" + i;
        opened.add(
            threads.submit(() -> {
              start.await();
              JdbcJournal.open(place(run)).close();
              return null;
            }));
      }
      for (Future<?> one : opened) {
        one.get();
      }
    }

    try (Connection connection =
            DriverManager.getConnection(url, PostgresServer.USER, PostgresServer.PASSWORD);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT version FROM ledger_schema")) {
      assertThat(rows.next()).isTrue();
      assertThat(rows.next()).as("a second version").isFalse();
    }
  }

  @Test
  void aChangedEventIsFound() throws Exception {
    try (JdbcJournal journal = opened()) {
      journal.append(events(0, 3));
    }
    try (Connection connection =
            DriverManager.getConnection(url, PostgresServer.USER, PostgresServer.PASSWORD);
        Statement statement = connection.createStatement()) {
      statement.execute(
          "UPDATE ledger_event SET event ="
              + " (SELECT event FROM ledger_event WHERE number = 2) WHERE number = 1");
    }

    assertThatThrownBy(this::read)
        .isInstanceOf(LedgerException.class)
        .hasMessageContaining("is damaged: event 1 does not match its checksum");
  }

  @Test
  void aServerThatFallsSilentIsLost() throws Exception {
    try (JdbcJournal journal = opened()) {
      journal.append(events(0, 2));
      POSTGRES.server().freeze();
      try {
        assertThatThrownBy(() -> journal.append(events(2, 3)))
            .isInstanceOfSatisfying(LedgerException.class, e -> assertThat(e.isPassing()).isTrue());
      } finally {
        POSTGRES.server().thaw();
      }
      journal.append(events(2, 3));
    }

    assertThat(read()).isEqualTo(events(0, 5));
  }

  private JdbcJournal opened() {
    JdbcJournal journal = JdbcJournal.open(place());
    journal.replay(event -> {});
    return journal;
  }

  private List<LedgerEvent> read() {
    List<LedgerEvent> read = new ArrayList<>();
    try (JdbcJournal journal = JdbcJournal.open(place())) {
      journal.replay(read::add);
    }
    return read;
  }

  private JdbcJournal.Place place() {
    return place("run");
  }

  private JdbcJournal.Place place(String run) {
    return new JdbcJournal.Place(
        url,
        Optional.of(PostgresServer.USER),
        Optional.of(PostgresServer.PASSWORD),
        folder.resolve(run + ".head"),
        run);
  }

  private static List<LedgerEvent> events(long from, int count) {
    return LongStream.range(from, from + count)
        .<LedgerEvent>mapToObj(n -> new LedgerEvent.GroupOpened(new GroupId(n), "rows:" + n))
        .toList();
  }
}
