package dev.sampo.actors.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ledger.LedgerEvent;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Databases that are not as they were left: one clear line, and never other events. */
class LostDatabaseTest {
  @TempDir private Path folder;

  @Test
  void aCopyOfAnEarlierStateIsRefused() throws IOException {
    append(0, 3);
    Path copy = Files.copy(database(), folder.resolve("copy"));
    append(3, 2);
    Files.copy(copy, database(), StandardCopyOption.REPLACE_EXISTING);

    assertThatThrownBy(this::read)
        .isInstanceOf(LedgerException.class)
        .hasMessageContaining("has 3 events, and of 5 that " + head() + " remembers not the last")
        .hasMessageContaining("another one can begin where it was");
  }

  @Test
  void aDatabaseThatHasGoneIsRefused() throws IOException {
    append(0, 3);
    Files.delete(database());

    assertThatThrownBy(this::read)
        .isInstanceOf(LedgerException.class)
        .hasMessageContaining("there is no file " + database() + ", and " + head())
        .hasMessageContaining("remembers 3 events");
    assertThat(database()).doesNotExist();
  }

  @Test
  void aDatabaseOfOtherEventsIsRefused() throws IOException {
    append(0, 3);
    Path old = Files.move(head(), folder.resolve("old"));
    Files.delete(database());
    append(7, 4);
    Files.move(old, head(), StandardCopyOption.REPLACE_EXISTING);

    assertThatThrownBy(this::read)
        .isInstanceOf(LedgerException.class)
        .hasMessageContaining("it was cut off or replaced by another copy");
  }

  @Test
  void aHeadThatACrashLeftBehindIsPutRightByTheNextTransaction() throws IOException {
    append(0, 3);
    Path old = Files.copy(head(), folder.resolve("old"));
    append(3, 1);
    Files.copy(old, head(), StandardCopyOption.REPLACE_EXISTING); // killed between the two writes

    append(4, 1);

    assertThat(read()).isEqualTo(events(0, 5));
  }

  @Test
  void aTornMarkLeavesTheOneBefore() throws IOException {
    append(0, 3);
    append(3, 1);
    byte[] bytes = Files.readAllBytes(head());
    bytes[0] ^= 1;
    Files.write(head(), bytes);

    assertThat(read()).isEqualTo(events(0, 4));
  }

  @Test
  void oneWholeMarkStillFindsALostEnd() throws IOException {
    append(0, 3);
    Path copy = Files.copy(database(), folder.resolve("copy"));
    append(3, 1);
    append(4, 1);
    byte[] bytes = Files.readAllBytes(head());
    Files.copy(copy, database(), StandardCopyOption.REPLACE_EXISTING);

    for (int place : List.of(0, 64)) {
      byte[] damaged = bytes.clone();
      damaged[place] ^= 1;
      Files.write(head(), damaged);

      assertThatThrownBy(this::read).hasMessageContaining("has 3 events, and of ");
    }
  }

  @Test
  void aCutOffFileIsAnErrorOrNothing() throws IOException {
    append(0, 400);
    byte[] whole = Files.readAllBytes(database());
    requireErrorsOrAll(
        IntStream.range(1, 16)
            .mapToObj(share -> Arrays.copyOf(whole, whole.length * share / 16))
            .toList());
  }

  @Test
  void aFlippedBitIsAnErrorOrNothing() throws IOException {
    append(0, 400);
    byte[] whole = Files.readAllBytes(database());
    requireErrorsOrAll(
        IntStream.range(0, 40)
            .mapToObj(share -> {
              byte[] flipped = whole.clone();
              flipped[whole.length / 40 * share] ^= 4;
              return flipped;
            })
            .toList());
  }

  /** What is not needed may be damaged; an error there must be, but no other events. */
  private void requireErrorsOrAll(List<byte[]> damaged) throws IOException {
    List<LedgerEvent> all = events(0, 400);
    int errors = 0;
    for (byte[] bytes : damaged) {
      Files.write(database(), bytes);
      try {
        assertThat(read()).isEqualTo(all);
      } catch (LedgerException e) {
        assertThat(e.getMessage())
            .startsWith("ledger jdbc:h2:file:")
            .doesNotMatch(".*(File corrupted|General error).*-\\d+]$") // but says a way out
            .doesNotContain("\n");
        errors++;
      }
    }
    assertThat(errors).isPositive();
  }

  @Test
  void aDatabaseThatCanOnlyBeReadIsRefused() {
    append(0, 1);

    assertThatThrownBy(() -> JdbcJournal.open(place(url() + ";ACCESS_MODE_DATA=r")))
        .isInstanceOf(LedgerException.class)
        .hasMessage("ledger " + url() + " can only be read");
  }

  @Test
  void aDatabaseThatAnotherProcessHasOpenIsRefused() throws IOException {
    append(0, 1);
    try (FileChannel other = FileChannel.open(database(), StandardOpenOption.WRITE);
        FileLock lock = other.lock()) {
      assertThat(lock.isValid()).isTrue();

      assertThatThrownBy(this::read)
          .isInstanceOf(LedgerException.class)
          .hasMessageStartingWith("ledger " + url() + " cannot be opened: ")
          .hasMessageContaining("in use");
    }
  }

  @Test
  void anOutageOfTheDatabaseLosesNothing() throws SQLException {
    try (JdbcJournal journal = opened(url())) {
      journal.append(events(0, 2));
      shutDown();
      assertThatThrownBy(() -> journal.append(events(2, 3)))
          .isInstanceOfSatisfying(LedgerException.class, e -> assertThat(e.isPassing()).isTrue());

      journal.append(events(2, 3));
      journal.append(events(5, 1));
    }
    assertThat(read()).isEqualTo(events(0, 6));
  }

  @Test
  void aTransactionWhoseAnswerWasLostIsNotWrittenTwice() throws SQLException {
    LossyDriver driver = new LossyDriver(url());
    DriverManager.registerDriver(driver);
    try (JdbcJournal journal = opened(LossyDriver.URL)) {
      driver.loseTheNextAnswer();
      assertThatThrownBy(() -> journal.append(events(0, 2))).isInstanceOf(LedgerException.class);

      journal.append(events(0, 2));
      journal.append(events(2, 1));
    } finally {
      DriverManager.deregisterDriver(driver);
    }
    assertThat(read()).isEqualTo(events(0, 3));
  }

  private void shutDown() throws SQLException {
    try (Connection connection = DriverManager.getConnection(url());
        Statement statement = connection.createStatement()) {
      statement.execute("SHUTDOWN IMMEDIATELY");
    }
  }

  private void append(long from, int count) {
    try (JdbcJournal journal = opened(url())) {
      journal.append(events(from, count));
    }
  }

  private List<LedgerEvent> read() {
    List<LedgerEvent> read = new ArrayList<>();
    try (JdbcJournal journal = JdbcJournal.open(place(url()))) {
      journal.replay(read::add);
    }
    return read;
  }

  private JdbcJournal opened(String url) {
    JdbcJournal journal = JdbcJournal.open(place(url));
    journal.replay(event -> {});
    return journal;
  }

  private JdbcJournal.Place place(String url) {
    return new JdbcJournal.Place(url, Optional.empty(), Optional.empty(), head(), "run");
  }

  private String url() {
    return "jdbc:h2:file:" + folder.resolve("ledger");
  }

  private Path database() {
    return folder.resolve("ledger.mv.db");
  }

  private Path head() {
    return folder.resolve("ledger.head");
  }

  private static List<LedgerEvent> events(long from, int count) {
    return LongStream.range(from, from + count)
        .<LedgerEvent>mapToObj(n -> new LedgerEvent.GroupOpened(new GroupId(n), "rows:" + n))
        .toList();
  }
}
