package dev.sampo.actors.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.actors.run.GroupLedger;
import dev.sampo.actors.run.RandomHistory;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LedgerEvent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Snapshots in a file of the embedded database, every ten events. */
final class SnapshotJournalTest {
  private static final int EVERY = 10;

  @TempDir private Path folder;
  private List<LedgerEvent> history = new RandomHistory(5).events(75);
  private long oldest; // step that the run may go back to

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatIsReadIsWhatAllEventsComeTo(boolean dropsEvents) throws SQLException {
    append(dropsEvents, history);

    assertThat(number("SELECT MAX(number) FROM ledger_snapshot")).isEqualTo(70);
    assertThat(number("SELECT MIN(number) FROM ledger_snapshot")).isEqualTo(60);
    assertThat(number("SELECT MIN(number) FROM ledger_event")).isEqualTo(dropsEvents ? 60 : 0);
    assertRestored();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aTornSnapshotIsLeftOutAndTheOneBeforeIsRead(boolean dropsEvents) throws SQLException {
    append(dropsEvents, history);
    execute("UPDATE ledger_snapshot SET state = SUBSTRING(state FROM 1 FOR 20) WHERE number = 70");

    assertRestored();
    List<LedgerEvent> more = new RandomHistory(5).events(80).subList(75, 80);
    append(dropsEvents, more);
    assertThat(number("SELECT MIN(number) FROM ledger_snapshot")).isEqualTo(60);
    assertThat(number("SELECT MIN(number) FROM ledger_event")).isEqualTo(dropsEvents ? 60 : 0);
  }

  @Test
  void withoutAnySnapshotAllEventsAreRead() throws SQLException {
    append(false, history);
    execute("UPDATE ledger_snapshot SET checksum = 1");

    assertRestored();
  }

  @Test
  void withoutAnySnapshotADroppedBeginningIsAnError() throws SQLException {
    append(true, history);
    execute("UPDATE ledger_snapshot SET checksum = 1");

    assertThatThrownBy(this::restored)
        .isInstanceOf(LedgerException.class)
        .hasMessageContaining("is damaged: event 60 is the first");
  }

  /** What a crash leaves between a snapshot and the deletion of what it makes needless. */
  @Test
  void whatWasNotDeletedYetIsDeletedWithTheNextSnapshot() throws SQLException {
    append(false, history.subList(0, 70));
    assertThat(number("SELECT MIN(number) FROM ledger_event")).isZero();

    append(true, history.subList(70, 75));
    assertRestored();
    List<LedgerEvent> more = new RandomHistory(5).events(80).subList(75, 80);
    append(true, more);

    assertThat(number("SELECT MIN(number) FROM ledger_event")).isEqualTo(70);
    assertThat(number("SELECT COUNT(*) FROM ledger_snapshot")).isEqualTo(2);
  }

  @Test
  void anEventThatCannotFollowIsNamedWithItsDatabase() {
    List<LedgerEvent> twice = new ArrayList<>(history.subList(0, 5));
    twice.add(history.getFirst());
    append(false, twice);

    assertThatThrownBy(this::restored)
        .isInstanceOf(LedgerException.class)
        .hasMessageStartingWith(
            "ledger jdbc:h2:file:%s contradicts itself, event 5 does not follow those before it: the run is open"
                .formatted(folder.resolve("ledger")));
  }

  @Test
  void theChainIsCheckedFromTheSnapshotOn() throws SQLException {
    append(true, history);
    execute("UPDATE ledger_event SET checksum = 1 WHERE number = 70");

    assertThatThrownBy(this::restored)
        .isInstanceOf(LedgerException.class)
        .hasMessageContaining("event 70 does not match its checksum");
  }

  @Test
  void anOlderDatabaseThatWasPutBackIsFoundThoughItHasASnapshot() throws Exception {
    append(true, history.subList(0, 65));
    Path database = folder.resolve("ledger.mv.db");
    Path older = Files.copy(database, folder.resolve("older"));
    append(true, history.subList(65, 75));
    Files.delete(database);
    Files.move(older, database);

    assertThatThrownBy(this::restored)
        .isInstanceOf(LedgerException.class)
        .hasMessageContaining("it was cut off or replaced by another copy");
  }

  @Test
  void aSnapshotOfANewerFormatIsRefused() throws SQLException {
    append(false, history);
    byte[] newer = {8, 9}; // format 9
    int checksum;
    try (Connection connection = DriverManager.getConnection(url());
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT event_checksum FROM ledger_snapshot WHERE number = 70")) {
      row.next();
      checksum = new LedgerHead.Mark(70, row.getInt(1)).then(newer).checksum();
    }
    execute(
        "UPDATE ledger_snapshot SET state = X'0809', checksum = %d WHERE number = 70"
            .formatted(checksum));

    assertThatThrownBy(this::restored)
        .isInstanceOf(LedgerException.class)
        .hasMessageContaining("the snapshot after 70 events is")
        .hasMessageContaining("of format 9, this program reads format 1");
  }

  @Test
  void aWriterWhosePlaceWasDeletedFails() {
    append(true, history.subList(0, 40));
    try (SnapshotJournal stale = opened(true)) {
      stale.begin();
      append(true, history.subList(40, 75));

      assertThatThrownBy(() -> stale.append(history.subList(40, 41)))
          .isInstanceOf(LedgerException.class)
          .hasMessageContaining("another process goes on with run run");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {7, 30})
  void aReadForASnapshotDoesNotTakeTheEventsOfAnotherWriterForItsOwn(int numOfTheOther) {
    try (JdbcJournal stale = JdbcJournal.open(place())) {
      SnapshotJournal.restore(stale, 0);
      stale.append(history.subList(0, 10));
      append(true, history.subList(10, 10 + numOfTheOther));

      assertOvertaken(() -> SnapshotJournal.restore(stale, 0));
      assertOvertaken(() -> stale.append(history.subList(10, 11)));
    }
    assertThat(restored().nextGroup())
        .isEqualTo(ledger(history.subList(0, 10 + numOfTheOther)).nextGroup());
  }

  @Test
  void aSnapshotThatComesTooLateTakesNothingFromAnotherWriter() {
    try (JdbcJournal stale = JdbcJournal.open(place())) {
      SnapshotJournal.restore(stale, 0);
      stale.append(history.subList(0, 10));
      GroupLedger late = SnapshotJournal.restore(stale, 0);
      append(true, history.subList(10, 75));

      assertOvertaken(() -> stale.keep(late.snapshot(0), true));
    }
    assertRestored();
  }

  /** Its checkpoints are gone, or older ones were put back. */
  @Test
  void aRunThatGoesBackBehindTheSnapshotIsReadFromAllEvents() {
    history = steps(12);
    oldest = 6;
    append(false, history);
    oldest = 1;
    append(false, List.of(new LedgerEvent.TermOpened(2, version(2, 1), steps(2, 12))));
    assertThat(restored().counts().trained()).isEqualTo(1);
    assertThat(restored().counts().waiting()).isEqualTo(11);

    oldest = 9; // before the next snapshot
    assertThat(restored().counts().trained()).isEqualTo(1);
  }

  @Test
  void aRunThatGoesBackBehindTheSnapshotIsRefusedWhereTheEventsAreGone() {
    oldest = 6;
    append(true, steps(12));
    oldest = 1;

    assertThatThrownBy(this::restored)
        .isInstanceOfSatisfying(LedgerException.class, e -> assertThat(e.isPassing()).isFalse())
        .hasMessageContaining("knows nothing before step 6, a checkpoint of that step or a later")
        .hasMessageEndingWith("the oldest there is of step 1");
  }

  /** Of one group each. */
  private static List<LedgerEvent> steps(int count) {
    List<LedgerEvent> events = new ArrayList<>();
    events.add(new LedgerEvent.RunOpened("run", 7, "settings"));
    events.add(new LedgerEvent.TermOpened(1, version(1, 0), List.of()));
    for (long step = 1; step <= count; step++) {
      GroupId group = new GroupId(step - 1);
      events.add(new LedgerEvent.GroupOpened(group, "rows:" + step));
      events.add(
          new LedgerEvent.GroupAccepted(
              new LeaseId(1, group, 1), step - 1, step - 1, Optional.empty()));
      events.add(
          new LedgerEvent.StepTaken(
              new StepCommitted(version(1, step), List.of(group), List.of(1), 1e-3), "settings"));
      events.add(new LedgerEvent.VersionPublished(version(1, step)));
    }
    return events;
  }

  private static PolicyVersion version(int term, long step) {
    return new PolicyVersion("run", term, step, "weights of " + term + "/" + step);
  }

  private static List<Long> steps(long first, long last) {
    return LongStream.rangeClosed(first, last).boxed().toList();
  }

  private static void assertOvertaken(ThrowableAssert.ThrowingCallable writing) {
    assertThatThrownBy(writing)
        .isInstanceOfSatisfying(LedgerException.class, e -> assertThat(e.isPassing()).isFalse())
        .hasMessageContaining("another process goes on with run run");
  }

  private static GroupLedger ledger(List<LedgerEvent> events) {
    GroupLedger ledger = new GroupLedger();
    events.forEach(ledger::apply);
    return ledger;
  }

  private void assertRestored() {
    GroupLedger all = ledger(history);
    GroupLedger read = restored();
    assertThat(read.snapshot(2)).isEqualTo(all.snapshot(2));
    assertThat(read.counts()).isEqualTo(all.counts());
    assertThat(read.nextGroup()).isEqualTo(all.nextGroup());
  }

  private GroupLedger restored() {
    try (SnapshotJournal journal = opened(false)) {
      return journal.begin();
    }
  }

  /** As a process does that begins, writes five events at a time, and ends. */
  private void append(boolean dropsEvents, List<LedgerEvent> events) {
    try (SnapshotJournal journal = opened(dropsEvents)) {
      journal.begin();
      for (int i = 0; i < events.size(); i += 5) {
        journal.append(events.subList(i, Math.min(i + 5, events.size())));
        journal.tidyUp();
      }
    }
  }

  private SnapshotJournal opened(boolean dropsEvents) {
    return new SnapshotJournal(
        JdbcJournal.open(place()),
        new SnapshotJournal.Policy(EVERY, dropsEvents, () -> OptionalLong.of(oldest)));
  }

  private JdbcJournal.Place place() {
    return new JdbcJournal.Place(
        url(), Optional.empty(), Optional.empty(), folder.resolve("head"), "run");
  }

  private String url() {
    return "jdbc:h2:file:" + folder.resolve("ledger");
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url());
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private long number(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url());
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    }
  }
}
