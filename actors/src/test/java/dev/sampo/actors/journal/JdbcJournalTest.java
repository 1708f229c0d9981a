package dev.sampo.actors.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ledger.LedgerEvent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In a file of the embedded database. */
class JdbcJournalTest {
  @TempDir Path folder;

  @Test
  void whatWasAppendedIsReadBackInOrder() {
    append(events(0, 3));
    append(events(3, 2));

    assertThat(read()).isEqualTo(events(0, 5));
  }

  @Test
  void runsInOneDatabaseDoNotSeeEachOther() {
    append(events(0, 3));

    try (JdbcJournal other = JdbcJournal.open(place("other"))) {
      List<LedgerEvent> read = new ArrayList<>();
      other.replay(read::add);
      assertThat(read).isEmpty();
    }
  }

  @Test
  void ofTwoWritersTheOneThatCameLaterGoesOnAndTheOtherFails() {
    try (JdbcJournal older = opened();
        JdbcJournal newer = opened()) {
      newer.append(events(0, 1));

      assertThatThrownBy(() -> older.append(events(0, 2)))
          .isInstanceOf(LedgerException.class)
          .hasMessageContaining("another process goes on with run run");
    }
    assertThat(read()).isEqualTo(events(0, 1));
  }

  @Test
  void aChangedEventIsFound() throws SQLException {
    append(events(0, 3));
    execute(
        "UPDATE ledger_event SET event ="
            + " (SELECT event FROM ledger_event WHERE number = 2) WHERE number = 1");

    assertThatThrownBy(this::read)
        .isInstanceOf(LedgerException.class)
        .hasMessageContaining("is damaged: event 1 does not match its checksum");
  }

  @Test
  void aMissingEventIsFound() throws SQLException {
    append(events(0, 3));
    execute("DELETE FROM ledger_event WHERE number = 1");

    assertThatThrownBy(this::read)
        .isInstanceOf(LedgerException.class)
        .hasMessageContaining("is damaged: event 2 follows event 0");
  }

  @Test
  void aVersionThatThisProgramDoesNotKnowIsRefused() throws SQLException {
    append(events(0, 1));
    execute("UPDATE ledger_schema SET version = 9");

    assertThatThrownBy(this::opened)
        .isInstanceOf(LedgerException.class)
        .hasMessageContaining("has version 9, this program reads versions 1 to 2");
  }

  @Test
  void aHeadThatIsMissingIsFoundHoweverOftenItIsTried() throws IOException {
    append(events(0, 3));
    Files.delete(folder.resolve("run.head"));

    for (int attempt = 0; attempt < 2; attempt++) {
      assertThatThrownBy(this::opened)
          .isInstanceOf(LedgerException.class)
          .hasMessageContaining("has 3 events, but " + folder.resolve("run.head") + " is missing");
    }
  }

  @Test
  void aHeadWithoutAWholePlaceIsFound() throws IOException {
    append(events(0, 1));
    append(events(1, 1));

    for (int length : List.of(0, 10, 80)) {
      Files.write(folder.resolve("run.head"), new byte[length]);

      assertThatThrownBy(this::opened)
          .isInstanceOf(LedgerException.class)
          .hasMessageContaining("run.head cannot be read: it is damaged");
    }
  }

  @Test
  void tablesOfTheFirstVersionAreBroughtUpToThisOne() throws SQLException {
    append(events(0, 2));
    execute("ALTER TABLE ledger_event DROP COLUMN written_at");
    execute("UPDATE ledger_schema SET version = 1");

    append(events(2, 1));

    assertThat(read()).isEqualTo(events(0, 3));
  }

  @Test
  void aFileThatIsNoDatabaseIsOneClearLine() throws IOException {
    Files.write(
        folder.resolve("ledger.mv.db"), "no database".repeat(999).getBytes(StandardCharsets.UTF_8));

    assertThatThrownBy(this::opened)
        .isInstanceOf(LedgerException.class)
        .hasMessageStartingWith("ledger " + url() + " cannot be opened: ")
        .hasMessageNotContaining("\n");
  }

  private void append(List<LedgerEvent> events) {
    try (JdbcJournal journal = opened()) {
      journal.append(events);
    }
  }

  private List<LedgerEvent> read() {
    List<LedgerEvent> read = new ArrayList<>();
    try (JdbcJournal journal = JdbcJournal.open(place("run"))) {
      journal.replay(read::add);
    }
    return read;
  }

  private JdbcJournal opened() {
    JdbcJournal journal = JdbcJournal.open(place("run"));
    journal.replay(event -> {});
    return journal;
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url());
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private JdbcJournal.Place place(String run) {
    return new JdbcJournal.Place(
        url(), Optional.empty(), Optional.empty(), folder.resolve(run + ".head"), run);
  }

  private String url() {
    return "jdbc:h2:file:" + folder.resolve("ledger");
  }

  private static List<LedgerEvent> events(long from, int count) {
    return LongStream.range(from, from + count)
        .<LedgerEvent>mapToObj(n -> new LedgerEvent.GroupOpened(new GroupId(n), "rows:" + n))
        .toList();
  }
}
