package dev.sampo.actors.journal;

import dev.sampo.protocol.wire.WireCodec;
import dev.sampo.protocol.wire.WireFormatException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The tables of a ledger, of which several runs may share one set. H2 and PostgreSQL understand the
 * same statements. Nothing is committed here.
 *
 * <pre>
 * ledger_schema (version)                                        one row
 * ledger_event  (run_id, number, event, checksum, written_at)    event is Protobuf, written_at milliseconds since 1970
 * ledger_snapshot                                                see {@link SnapshotTable}
 * </pre>
 *
 * Version 1 had neither snapshots nor {@code written_at}.
 */
final class LedgerTables {
  /** The version of the tables that this code writes. */
  static final int SCHEMA_VERSION = 2;

  private static final int FETCHED_ROWS = 1_000;

  private final String database; // its name in messages
  private final String runId;

  /**
   * The tables for one run.
   *
   * @param database its name, for messages
   */
  LedgerTables(String database, String runId) {
    this.database = database;
    this.runId = runId;
  }

  String runId() {
    return runId;
  }

  /** Makes the tables, or brings those of an older version up to this one. */
  void prepare(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE IF NOT EXISTS ledger_schema (version INT NOT NULL)");
      Optional<Integer> version = version(statement);
      statement.execute(
          "CREATE TABLE IF NOT EXISTS ledger_event (run_id VARCHAR(200) NOT NULL,"
              + " number BIGINT NOT NULL, event BYTEA NOT NULL, checksum INT NOT NULL,"
              + " written_at BIGINT, PRIMARY KEY (run_id, number))");
      statement.execute(SnapshotTable.CREATE);
      if (version.isEmpty()) {
        statement.executeUpdate("INSERT INTO ledger_schema VALUES (" + SCHEMA_VERSION + ")");
      } else if (version.get() < SCHEMA_VERSION) {
        statement.execute("ALTER TABLE ledger_event ADD COLUMN IF NOT EXISTS written_at BIGINT");
        statement.executeUpdate("UPDATE ledger_schema SET version = " + SCHEMA_VERSION);
      }
    }
  }

  /** The version of tables that are there. */
  int version(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      return version(statement)
          .orElseThrow(() -> LedgerException.lasting("ledger " + database + " holds no ledger"));
    }
  }

  private Optional<Integer> version(Statement statement) throws SQLException {
    try (ResultSet found = statement.executeQuery("SELECT version FROM ledger_schema")) {
      if (!found.next()) {
        return Optional.empty();
      }
      int version = found.getInt(1);
      if (version < 1 || version > SCHEMA_VERSION) {
        throw LedgerException.lasting(
            "ledger %s has version %d, this program reads versions 1 to %d"
                .formatted(database, version, SCHEMA_VERSION));
      }
      return Optional.of(version);
    }
  }

  /**
   * Reads events up to the last, each once its checksum is found right.
   *
   * @param version of the tables
   * @param from where to begin
   * @param each gets the events in order, and where the ledger ends with each
   * @return where the ledger ends
   * @throws LedgerException at the first event that is missing or not what was written
   */
  LedgerHead.Mark read(Connection connection, int version, LedgerHead.Mark from, EntryConsumer each)
      throws SQLException {
    String sql =
        "SELECT number, event, checksum, %s FROM ledger_event WHERE run_id = ? AND number >= ? ORDER BY run_id, number"
            .formatted(version == 1 ? "CAST(NULL AS BIGINT)" : "written_at");
    LedgerHead.Mark end = from;
    try (PreparedStatement select = connection.prepareStatement(sql)) {
      select.setFetchSize(FETCHED_ROWS);
      select.setString(1, runId);
      select.setLong(2, from.numEvents());
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          byte[] event = rows.getBytes(2);
          end = checked(end, rows.getLong(1), event, rows.getInt(3));
          long time = rows.getLong(4);
          Optional<Instant> writtenAt =
              rows.wasNull() ? Optional.empty() : Optional.of(Instant.ofEpochMilli(time));
          each.accept(entry(end.numEvents() - 1, writtenAt, event), end);
        }
      }
    }
    return end;
  }

  /** Gets an event and where the ledger ends with it. */
  @FunctionalInterface
  interface EntryConsumer {
    void accept(LedgerEntry entry, LedgerHead.Mark end);

    /** One that looks at events only. */
    static EntryConsumer of(Consumer<LedgerEntry> each) {
      return (entry, end) -> each.accept(entry);
    }
  }

  private LedgerHead.Mark checked(LedgerHead.Mark before, long number, byte[] event, int recorded) {
    if (number != before.numEvents()) {
      throw LedgerException.lasting(
          before.numEvents() == 0
              ? "ledger %s is damaged: event %d is the first".formatted(database, number)
              : "ledger %s is damaged: event %d follows event %d"
                  .formatted(database, number, before.numEvents() - 1));
    }
    LedgerHead.Mark end = before.then(event);
    if (end.checksum() != recorded) {
      throw LedgerException.lasting(
          "ledger %s is damaged: event %d does not match its checksum".formatted(database, number));
    }
    return end;
  }

  private LedgerEntry entry(long number, Optional<Instant> writtenAt, byte[] event) {
    try {
      return new LedgerEntry(number, writtenAt, WireCodec.decodeLedgerEvent(event));
    } catch (WireFormatException e) {
      throw LedgerException.lasting(
          "ledger %s: event %d is %s".formatted(database, number, e.getMessage()), e);
    }
  }

  /** Adds events after {@code from}. */
  void insert(Connection connection, LedgerHead.Mark from, List<byte[]> events)
      throws SQLException {
    String sql =
        "INSERT INTO ledger_event (run_id, number, event, checksum, written_at) VALUES (?, ?, ?, ?,"
            + " ?)";
    LedgerHead.Mark at = from;
    long now = System.currentTimeMillis();
    try (PreparedStatement insert = connection.prepareStatement(sql)) {
      for (byte[] event : events) {
        insert.setString(1, runId);
        insert.setLong(2, at.numEvents());
        at = at.then(event);
        insert.setBytes(3, event);
        insert.setInt(4, at.checksum());
        insert.setLong(5, now);
        insert.addBatch();
      }
      insert.executeBatch();
    }
  }

  /** Where the ledger ends by its last row alone. */
  LedgerHead.Mark last(Connection connection) throws SQLException {
    String sql =
        "SELECT number, checksum FROM ledger_event WHERE run_id = ? ORDER BY run_id DESC, number"
            + " DESC LIMIT 1";
    try (PreparedStatement select = connection.prepareStatement(sql)) {
      select.setString(1, runId);
      try (ResultSet rows = select.executeQuery()) {
        return rows.next()
            ? new LedgerHead.Mark(rows.getLong(1) + 1, rows.getInt(2))
            : LedgerHead.Mark.START;
      }
    }
  }

  /** Where the ledger was after some events, by the last of them; empty if that is not there. */
  Optional<LedgerHead.Mark> markAt(Connection connection, long numEvents) throws SQLException {
    String sql = "SELECT checksum FROM ledger_event WHERE run_id = ? AND number = ?";
    try (PreparedStatement select = connection.prepareStatement(sql)) {
      select.setString(1, runId);
      select.setLong(2, numEvents - 1);
      try (ResultSet rows = select.executeQuery()) {
        return rows.next()
            ? Optional.of(new LedgerHead.Mark(numEvents, rows.getInt(1)))
            : Optional.empty();
      }
    }
  }

  /** The number of the first event that is there; 0 if there is none. */
  long first(Connection connection) throws SQLException {
    String sql = "SELECT number FROM ledger_event WHERE run_id = ? ORDER BY run_id, number LIMIT 1";
    try (PreparedStatement select = connection.prepareStatement(sql)) {
      select.setString(1, runId);
      try (ResultSet rows = select.executeQuery()) {
        return rows.next() ? rows.getLong(1) : 0;
      }
    }
  }

  /** The runs that have events. */
  List<String> runs(Connection connection) throws SQLException {
    String sql = "SELECT DISTINCT run_id FROM ledger_event ORDER BY run_id";
    List<String> runs = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        runs.add(rows.getString(1));
      }
    }
    return runs;
  }

  /** Deletes the events before one. */
  void deleteBefore(Connection connection, long number) throws SQLException {
    String sql = "DELETE FROM ledger_event WHERE run_id = ? AND number < ?";
    try (PreparedStatement delete = connection.prepareStatement(sql)) {
      delete.setString(1, runId);
      delete.setLong(2, number);
      delete.executeUpdate();
    }
  }

  /** Bytes of the events, checksums and numbers included. */
  long numBytes(Connection connection) throws SQLException {
    String sql =
        "SELECT COALESCE(SUM(OCTET_LENGTH(event) + 12), 0) FROM ledger_event WHERE run_id = ?";
    try (PreparedStatement select = connection.prepareStatement(sql)) {
      select.setString(1, runId);
      try (ResultSet rows = select.executeQuery()) {
        return rows.next() ? rows.getLong(1) : 0;
      }
    }
  }
}
