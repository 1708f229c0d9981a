package dev.sampo.actors.journal;

import dev.sampo.protocol.ledger.LedgerSnapshot;
import dev.sampo.protocol.wire.WireCodec;
import dev.sampo.protocol.wire.WireFormatException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The snapshots of a ledger. Each says after how many events it was taken, which checksum the last
 * of these had, so that the events after it can be checked without those before, and has a checksum
 * over itself.
 *
 * <pre>
 * ledger_snapshot (run_id, number, event_checksum, state, checksum)    state is Protobuf
 * </pre>
 */
final class SnapshotTable {
  static final String CREATE =
      "CREATE TABLE IF NOT EXISTS ledger_snapshot (run_id VARCHAR(200) NOT NULL,"
          + " number BIGINT NOT NULL, event_checksum INT NOT NULL, state BYTEA NOT NULL,"
          + " checksum INT NOT NULL, PRIMARY KEY (run_id, number))";

  private static final Logger LOG = LoggerFactory.getLogger(SnapshotTable.class);

  private final String database; // its name in messages
  private final String runId;

  SnapshotTable(String database, String runId) {
    this.database = database;
    this.runId = runId;
  }

  /** Whether a run has been written since there are snapshots. */
  boolean isThere(Connection connection) throws SQLException {
    String sql =
        "SELECT COUNT(*) FROM information_schema.tables"
            + " WHERE table_schema = CURRENT_SCHEMA AND LOWER(table_name) = 'ledger_snapshot'";
    try (Statement statement = connection.createStatement();
        ResultSet tables = statement.executeQuery(sql)) {
      return tables.next() && tables.getLong(1) > 0;
    }
  }

  /**
   * A snapshot that is whole.
   *
   * @param at where the ledger was
   */
  record Found(LedgerHead.Mark at, LedgerSnapshot snapshot) {
    /** Whether a run can go back to a step with it. */
    boolean reaches(long step) {
      return snapshot.oldestStep() <= step;
    }
  }

  /** Those that are whole, the newest first, to the first that reaches a step; warns of others. */
  List<Found> downTo(long step, Connection connection) throws SQLException {
    List<String> damaged = new ArrayList<>();
    List<Found> whole = read(connection, damaged, found -> found.reaches(step));
    damaged.forEach(line -> LOG.warn("{}; what was before it is read", line));
    return whole;
  }

  /**
   * All that are whole, the newest first.
   *
   * @param damaged gets a line for each that is not
   * @throws LedgerException if one is of a format that this program lacks
   */
  List<Found> all(Connection connection, List<String> damaged) throws SQLException {
    return read(connection, damaged, found -> false);
  }

  private List<Found> read(Connection connection, List<String> damaged, Predicate<Found> isEnough)
      throws SQLException {
    String sql =
        "SELECT number, event_checksum, state, checksum FROM ledger_snapshot WHERE run_id = ?"
            + " ORDER BY number DESC";
    List<Found> whole = new ArrayList<>();
    try (PreparedStatement select = connection.prepareStatement(sql)) {
      select.setString(1, runId);
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next() && whole.stream().noneMatch(isEnough)) {
          LedgerHead.Mark at = new LedgerHead.Mark(rows.getLong(1), rows.getInt(2));
          byte[] state = rows.getBytes(3);
          if (at.then(state).checksum() == rows.getInt(4)) {
            whole.add(new Found(at, decoded(at, state)));
          } else {
            damaged.add(
                "ledger %s: the snapshot after %d events does not match its checksum"
                    .formatted(database, at.numEvents()));
          }
        }
      }
    }
    return whole;
  }

  private LedgerSnapshot decoded(LedgerHead.Mark at, byte[] state) {
    try {
      return WireCodec.decodeLedgerSnapshot(state);
    } catch (WireFormatException e) {
      throw LedgerException.lasting(
          "ledger %s: the snapshot after %d events is %s"
              .formatted(database, at.numEvents(), e.getMessage()),
          e);
    }
  }

  /**
   * Adds one and deletes those before but one; one after it would be of a writer that came later.
   *
   * @param kept where that was taken
   * @param at where this one is
   */
  void replaceAllBut(LedgerHead.Mark kept, Connection connection, LedgerHead.Mark at, byte[] state)
      throws SQLException {
    String deleteSql =
        "DELETE FROM ledger_snapshot WHERE run_id = ? AND number <> ? AND number <= ?";
    try (PreparedStatement delete = connection.prepareStatement(deleteSql)) {
      delete.setString(1, runId);
      delete.setLong(2, kept.numEvents());
      delete.setLong(3, at.numEvents());
      delete.executeUpdate();
    }
    String insertSql =
        "INSERT INTO ledger_snapshot (run_id, number, event_checksum, state, checksum)"
            + " VALUES (?, ?, ?, ?, ?)";
    try (PreparedStatement insert = connection.prepareStatement(insertSql)) {
      insert.setString(1, runId);
      insert.setLong(2, at.numEvents());
      insert.setInt(3, at.checksum());
      insert.setBytes(4, state);
      insert.setInt(5, at.then(state).checksum());
      insert.executeUpdate();
    }
  }
}
