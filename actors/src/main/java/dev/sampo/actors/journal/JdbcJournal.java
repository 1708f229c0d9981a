package dev.sampo.actors.journal;

import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LedgerSnapshot;
import dev.sampo.protocol.wire.WireCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A journal in a database: H2 in a file, or PostgreSQL.
 *
 * <p>Every row has a checksum over its number, its bytes and the checksum of the row before, so
 * that no row can change or be missing between others unnoticed; a {@link LedgerHead} says where
 * the last one was. Two writers cannot both add a row with the same number: the one that lost its
 * place fails with its first write. Not thread-safe.
 */
public final class JdbcJournal implements LedgerJournal {
  private static final String DUPLICATE_KEY = "23505";

  /**
   * Where a ledger is.
   *
   * @param url of the database, as its driver has it
   * @param user who writes it; empty where the database knows no users
   * @param head the file that remembers its end
   * @param runId the run in it
   */
  public record Place(
      String url, Optional<String> user, Optional<String> password, Path head, String runId) {
    LedgerDatabase database() {
      return new LedgerDatabase(url, user, password);
    }
  }

  private final LedgerDatabase database;
  private final Place place;
  private final LedgerTables tables;
  private final SnapshotTable snapshots;
  private final LedgerHead head;
  private Connection connection;
  private LedgerHead.Mark base = LedgerHead.Mark.START; // of the snapshot that was read
  private LedgerHead.Mark written = LedgerHead.Mark.START;
  private boolean isRead;
  private boolean isUncertain; // whether the last transaction is in the database

  private JdbcJournal(Place place, LedgerHead head, Connection connection) {
    this.database = place.database();
    this.place = place;
    this.tables = new LedgerTables(database.name(), place.runId());
    this.snapshots = new SnapshotTable(database.name(), place.runId());
    this.head = head;
    this.connection = connection;
  }

  /**
   * Opens the journal of a run; makes the tables if there are none.
   *
   * @throws LedgerException if it cannot be opened, for example because another process has it
   *     open, is of another version or cannot be written
   */
  public static JdbcJournal open(Place place) {
    LedgerDatabase database = place.database();
    try {
      requireFile(database, place.head());
      Connection connection = database.connect();
      try {
        prepare(place, connection);
        Files.createDirectories(place.head().toAbsolutePath().getParent());
        return new JdbcJournal(place, LedgerHead.open(place.head()), connection);
      } catch (SQLException | IOException | LedgerException e) {
        connection.close();
        throw e;
      }
    } catch (SQLException e) {
      throw database.unreadable("cannot be opened", e);
    } catch (IOException e) {
      throw LedgerException.lasting(
          "ledger %s: %s cannot be opened: %s".formatted(database, place.head(), e.getMessage()),
          e);
    }
  }

  /** H2 would make a file that is missing, an empty one. */
  private static void requireFile(LedgerDatabase database, Path head) throws IOException {
    Optional<Path> missing = database.file().filter(file -> !Files.exists(file));
    if (missing.isEmpty() || !Files.exists(head)) {
      return;
    }
    long numEvents = LedgerHead.read(head).mark().numEvents();
    if (numEvents > 0) {
      throw LedgerException.lasting(
          "ledger %s: there is no file %s, and %s remembers %d events in it; %s"
              .formatted(database, missing.get(), head, numEvents, LedgerException.WAYS_OUT));
    }
  }

  private static void prepare(Place place, Connection connection) throws SQLException {
    LedgerDatabase database = place.database();
    if (connection.isReadOnly()) {
      throw LedgerException.lasting("ledger %s can only be read".formatted(database));
    }
    configure(database, connection);
    LedgerTables tables = new LedgerTables(database.name(), place.runId());
    awaitOtherRuns(database, connection);
    tables.prepare(connection);
    commit(database, connection);
    long numEvents = tables.last(connection).numEvents();
    if (numEvents > 0 && !Files.exists(place.head())) {
      throw LedgerException.lasting(
          "ledger %s has %d events, but %s is missing, which remembers its end: run %s has another folder, or the file was lost; %s"
              .formatted(
                  database, numEvents, place.head(), place.runId(), LedgerException.WAYS_OUT));
    }
  }

  /** Runs that begin at the same moment make their tables one after the other. */
  private static void awaitOtherRuns(LedgerDatabase database, Connection connection)
      throws SQLException {
    if (database.isPostgres()) {
      try (Statement statement = connection.createStatement()) {
        statement.execute("SELECT pg_advisory_xact_lock(hashtext('ledger_schema'))");
      }
    }
  }

  private static void closeQuietly(LedgerHead head) {
    try (head) {
      return; // what made it useless is what counts
    } catch (IOException e) {
      return;
    }
  }

  private static void configure(LedgerDatabase database, Connection connection)
      throws SQLException {
    connection.setAutoCommit(false);
    if (database.isH2()) {
      try (Statement statement = connection.createStatement()) {
        statement.execute("SET WRITE_DELAY 0");
      }
    }
  }

  @Override
  public Optional<LedgerSnapshot> snapshot(long oldestStep) {
    try {
      List<SnapshotTable.Found> whole = snapshots.downTo(oldestStep, connection);
      Optional<SnapshotTable.Found> found =
          whole.stream().filter(one -> one.reaches(oldestStep)).findFirst();
      if (found.isEmpty() && !whole.isEmpty() && tables.first(connection) > 0) {
        throw LedgerException.lasting(
            "ledger %s knows nothing before step %d, a checkpoint of that step or a later one is needed to go on; the oldest there is of step %d"
                .formatted(database, whole.getLast().snapshot().oldestStep(), oldestStep));
      }
      base = found.map(SnapshotTable.Found::at).orElse(LedgerHead.Mark.START);
      return found.map(SnapshotTable.Found::snapshot);
    } catch (SQLException e) {
      throw notRead(e);
    }
  }

  @Override
  public void replay(Consumer<LedgerEvent> each) {
    try {
      if (isRead) {
        requirePlace();
      }
      EndCheck ending =
          new EndCheck(database.name(), place.head(), Optional.of(head.read().mark()));
      ending.begun(base, numEvents -> tables.markAt(connection, numEvents));
      LedgerHead.Mark last =
          tables.read(
              connection,
              LedgerTables.SCHEMA_VERSION,
              base,
              (entry, end) -> {
                accept(entry, each);
                ending.passed(end);
              });
      ending.reached(last);
      connection.commit();
      if (isRead) {
        requirePlace(last);
      }
      written = last;
      isRead = true;
    } catch (SQLException e) {
      throw notRead(e);
    } catch (IOException e) {
      throw LedgerException.lasting(
          "ledger %s: %s cannot be read: %s".formatted(database, place.head(), e.getMessage()), e);
    }
  }

  private void accept(LedgerEntry entry, Consumer<LedgerEvent> each) {
    try {
      each.accept(entry.event());
    } catch (IllegalStateException e) {
      throw LedgerException.lasting(
          "ledger %s contradicts itself, event %d does not follow those before it: %s; %s"
              .formatted(database, entry.number(), e.getMessage(), LedgerException.WAYS_OUT),
          e);
    }
  }

  private LedgerException notRead(SQLException cause) {
    isUncertain = true; // whoever writes next connects again
    return database.unreadable("cannot be read", cause);
  }

  @Override
  public void keep(LedgerSnapshot snapshot, boolean dropsEvents) {
    try {
      requirePlace();
      snapshots.replaceAllBut(base, connection, written, WireCodec.encode(snapshot));
      if (dropsEvents) {
        tables.deleteBefore(connection, base.numEvents());
      }
      commit(database, connection);
    } catch (SQLException e) {
      isUncertain = true;
      throw database.failure("cannot take a snapshot", e);
    }
  }

  @Override
  public void append(List<LedgerEvent> events) {
    if (!isRead) {
      throw new IllegalStateException("a journal is read before it is written");
    }
    List<byte[]> rows = new ArrayList<>();
    LedgerHead.Mark end = written;
    for (LedgerEvent event : events) {
      byte[] bytes = WireCodec.encode(event);
      rows.add(bytes);
      end = end.then(bytes);
    }
    boolean wasUncertain = isUncertain;
    try {
      if (!isUncertain || !isInDatabase(end)) {
        isUncertain = true;
        requirePlace();
        tables.insert(connection, written, rows);
        commit(database, connection);
      }
      isUncertain = false;
      head.write(end);
    } catch (SQLException e) {
      // an answer that was lost may be late: the next attempt looks whose rows they are
      throw DUPLICATE_KEY.equals(e.getSQLState()) && !wasUncertain
          ? anotherWriter(e)
          : database.failure("cannot be written", e);
    } catch (IOException e) {
      isUncertain = true;
      throw LedgerException.passing(
          "ledger %s: %s cannot be written: %s".formatted(database, place.head(), e.getMessage()),
          e);
    }
    written = end;
  }

  /**
   * Connects again and says whether a transaction that seemed to fail did not.
   *
   * @param end the last row of that transaction
   */
  private boolean isInDatabase(LedgerHead.Mark end) throws SQLException {
    closeConnection();
    connection = database.connect();
    configure(database, connection);
    LedgerHead.Mark found = tables.last(connection);
    if (!found.equals(end) && !found.equals(written)) {
      throw anotherWriter(new SQLException("its last event is " + found));
    }
    return found.equals(end);
  }

  /** Another writer may have deleted the events with whose numbers this one would clash. */
  private void requirePlace() throws SQLException {
    requirePlace(tables.last(connection));
  }

  private void requirePlace(LedgerHead.Mark last) {
    if (!written.isStillTheEnd(last)) {
      throw anotherWriter(new SQLException("its last event is " + last));
    }
  }

  private LedgerException anotherWriter(SQLException cause) {
    return LedgerException.lasting(
        "ledger %s: another process goes on with run %s".formatted(database, place.runId()), cause);
  }

  /** H2 leaves a commit to the operating system; only then is it on the disk. */
  private static void commit(LedgerDatabase database, Connection connection) throws SQLException {
    connection.commit();
    if (database.isH2()) {
      try (Statement statement = connection.createStatement()) {
        statement.execute("CHECKPOINT SYNC");
      }
    }
  }

  private void closeConnection() {
    try {
      connection.close();
    } catch (SQLException e) {
      return; // it is of no use whether it can be closed or not
    }
  }

  /** What is durable stays so whether the database can be closed in good order or not. */
  @Override
  public void close() {
    closeConnection();
    closeQuietly(head);
  }
}
