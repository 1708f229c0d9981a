package dev.sampo.actors.journal;

import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.wire.WireCodec;
import dev.sampo.protocol.wire.WireFormatException;
import java.io.IOException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * A journal in a database: H2 in a file, or PostgreSQL; both understand the same statements.
 *
 * <p>Every row has a checksum over its number, its bytes and the checksum of the row before, so
 * that no row can change or be missing between others unnoticed; a {@link LedgerHead} says where
 * the last one was. Two writers cannot both add a row with the same number: the one that lost its
 * place fails with its first write. Not thread-safe.
 */
public final class JdbcJournal implements LedgerJournal {
  /** The version of the tables that this code writes and reads. */
  static final int SCHEMA_VERSION = 1;

  private static final String DUPLICATE_KEY = "23505";
  private static final int FETCHED_ROWS = 1_000;

  /** After which a server counts as lost; without it a broken line would never be noticed. */
  private static final String SILENCE_SECONDS = "30";

  /**
   * Where a ledger is.
   *
   * @param url of the database, as its driver has it
   * @param user who writes it; empty where the database knows no users
   * @param head the file that remembers its end
   * @param runId the run in it
   */
  public record Place(
      String url, Optional<String> user, Optional<String> password, Path head, String runId) {}

  private final Place place;
  private final LedgerHead head;
  private final boolean isH2;
  private Connection connection;
  private LedgerHead.Mark written = new LedgerHead.Mark(0, 0);
  private boolean isRead;
  private boolean isUncertain; // whether the last transaction is in the database

  private JdbcJournal(Place place, LedgerHead head, Connection connection) {
    this.place = place;
    this.head = head;
    this.connection = connection;
    this.isH2 = place.url().startsWith("jdbc:h2:");
  }

  /**
   * Opens the journal of a run; makes the tables if there are none.
   *
   * @throws LedgerException if it cannot be opened, for example because another process has it
   *     open, is of another version or cannot be written
   */
  public static JdbcJournal open(Place place) {
    LedgerHead head;
    try {
      head = LedgerHead.open(place.head());
    } catch (IOException e) {
      throw LedgerException.lasting(
          "ledger %s: %s cannot be opened: %s"
              .formatted(shown(place.url()), place.head(), e.getMessage()),
          e);
    }
    try {
      JdbcJournal journal = new JdbcJournal(place, head, connect(place));
      try {
        journal.prepare();
        return journal;
      } catch (SQLException | LedgerException e) {
        journal.connection.close();
        throw e;
      }
    } catch (SQLException e) {
      closeQuietly(head);
      throw failure(place.url(), "cannot be opened", e);
    } catch (LedgerException e) {
      closeQuietly(head);
      throw e;
    }
  }

  private static void closeQuietly(LedgerHead head) {
    try (head) {
      return; // what made it useless is what counts
    } catch (IOException e) {
      return;
    }
  }

  private static Connection connect(Place place) throws SQLException {
    Properties login = new Properties();
    if (place.url().startsWith("jdbc:postgresql:")) {
      login.setProperty("socketTimeout", SILENCE_SECONDS); // the URL may say otherwise
      login.setProperty("tcpKeepAlive", "true");
    }
    place.user().ifPresent(user -> login.setProperty("user", user));
    place.password().ifPresent(password -> login.setProperty("password", password));
    return DriverManager.getConnection(place.url(), login);
  }

  private void prepare() throws SQLException {
    if (connection.isReadOnly()) {
      throw LedgerException.lasting("ledger %s can only be read".formatted(shown(place.url())));
    }
    configure();
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE IF NOT EXISTS ledger_schema (version INT NOT NULL)");
      statement.execute(
          "CREATE TABLE IF NOT EXISTS ledger_event (run_id VARCHAR(200) NOT NULL,"
              + " number BIGINT NOT NULL, event BYTEA NOT NULL, checksum INT NOT NULL,"
              + " PRIMARY KEY (run_id, number))");
      requireVersion(statement);
    }
    commit();
  }

  private void configure() throws SQLException {
    connection.setAutoCommit(false);
    if (isH2) {
      try (Statement statement = connection.createStatement()) {
        statement.execute("SET WRITE_DELAY 0");
      }
    }
  }

  private void requireVersion(Statement statement) throws SQLException {
    try (ResultSet found = statement.executeQuery("SELECT version FROM ledger_schema")) {
      if (found.next()) {
        int version = found.getInt(1);
        if (version != SCHEMA_VERSION) {
          throw LedgerException.lasting(
              "ledger %s has version %d, this program reads version %d"
                  .formatted(shown(place.url()), version, SCHEMA_VERSION));
        }
        return;
      }
    }
    statement.executeUpdate("INSERT INTO ledger_schema VALUES (" + SCHEMA_VERSION + ")");
  }

  @Override
  public void replay(Consumer<LedgerEvent> each) {
    written = new LedgerHead.Mark(0, 0);
    String sql =
        "SELECT number, event, checksum FROM ledger_event WHERE run_id = ? ORDER BY number";
    try (PreparedStatement select = connection.prepareStatement(sql)) {
      Optional<LedgerHead.Mark> end = head.read();
      select.setFetchSize(FETCHED_ROWS);
      select.setString(1, place.runId());
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          each.accept(event(rows.getLong(1), rows.getBytes(2), rows.getInt(3)));
          requireEnd(end.filter(mark -> mark.numEvents() == written.numEvents()));
        }
      }
      requireEnd(end.filter(mark -> mark.numEvents() > written.numEvents()));
      connection.commit();
      isRead = true;
    } catch (SQLException e) {
      throw failure(place.url(), "cannot be read", e);
    } catch (IOException e) {
      throw LedgerException.lasting(
          "ledger %s: %s cannot be read: %s"
              .formatted(shown(place.url()), place.head(), e.getMessage()),
          e);
    }
  }

  private void requireEnd(Optional<LedgerHead.Mark> end) {
    if (end.isPresent() && !end.get().equals(written)) {
      throw LedgerException.lasting(
          "ledger %s has %d events, and of %d that %s remembers not the last: it was cut off or replaced by another copy"
              .formatted(
                  shown(place.url()), written.numEvents(), end.get().numEvents(), place.head()));
    }
  }

  private LedgerEvent event(long number, byte[] bytes, int recorded) {
    if (number != written.numEvents()) {
      throw LedgerException.lasting(
          "ledger %s is damaged: event %d follows event %d"
              .formatted(shown(place.url()), number, written.numEvents() - 1));
    }
    written = after(written, bytes);
    if (written.checksum() != recorded) {
      throw LedgerException.lasting(
          "ledger %s is damaged: event %d does not match its checksum"
              .formatted(shown(place.url()), number));
    }
    try {
      return WireCodec.decodeLedgerEvent(bytes);
    } catch (WireFormatException e) {
      throw LedgerException.lasting(
          "ledger %s: event %d is %s".formatted(shown(place.url()), number, e.getMessage()), e);
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
      end = after(end, bytes);
    }
    try {
      if (!isUncertain || !isInDatabase(end)) {
        isUncertain = true;
        insert(rows);
        commit();
      }
      isUncertain = false;
      head.write(end);
    } catch (SQLException e) {
      throw DUPLICATE_KEY.equals(e.getSQLState())
          ? anotherWriter(e)
          : failure(place.url(), "cannot be written", e);
    } catch (IOException e) {
      isUncertain = true;
      throw LedgerException.passing(
          "ledger %s: %s cannot be written: %s"
              .formatted(shown(place.url()), place.head(), e.getMessage()),
          e);
    }
    written = end;
  }

  private void insert(List<byte[]> rows) throws SQLException {
    String sql = "INSERT INTO ledger_event (run_id, number, event, checksum) VALUES (?, ?, ?, ?)";
    LedgerHead.Mark at = written;
    try (PreparedStatement insert = connection.prepareStatement(sql)) {
      for (byte[] bytes : rows) {
        insert.setString(1, place.runId());
        insert.setLong(2, at.numEvents());
        at = after(at, bytes);
        insert.setBytes(3, bytes);
        insert.setInt(4, at.checksum());
        insert.addBatch();
      }
      insert.executeBatch();
    }
  }

  /**
   * Connects again and says whether a transaction that seemed to fail did not.
   *
   * @param end the last row of that transaction
   */
  private boolean isInDatabase(LedgerHead.Mark end) throws SQLException {
    closeConnection();
    connection = connect(place);
    configure();
    String sql =
        "SELECT number, checksum FROM ledger_event WHERE run_id = ? ORDER BY number DESC LIMIT 1";
    try (PreparedStatement select = connection.prepareStatement(sql)) {
      select.setString(1, place.runId());
      try (ResultSet rows = select.executeQuery()) {
        LedgerHead.Mark found =
            rows.next()
                ? new LedgerHead.Mark(rows.getLong(1) + 1, rows.getInt(2))
                : new LedgerHead.Mark(0, 0);
        if (!found.equals(end) && !found.equals(written)) {
          throw anotherWriter(new SQLException("its last event is " + found));
        }
        return found.equals(end);
      }
    }
  }

  private LedgerException anotherWriter(SQLException cause) {
    return LedgerException.lasting(
        "ledger %s: another process goes on with run %s"
            .formatted(shown(place.url()), place.runId()),
        cause);
  }

  /** H2 leaves a commit to the operating system; only then is it on the disk. */
  private void commit() throws SQLException {
    connection.commit();
    if (isH2) {
      try (Statement statement = connection.createStatement()) {
        statement.execute("CHECKPOINT SYNC");
      }
    }
  }

  private static LedgerHead.Mark after(LedgerHead.Mark before, byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(
        ByteBuffer.allocate(Integer.BYTES + Long.BYTES)
            .putInt(before.checksum())
            .putLong(before.numEvents())
            .flip());
    crc.update(bytes);
    return new LedgerHead.Mark(before.numEvents() + 1, (int) crc.getValue());
  }

  private static LedgerException failure(String url, String what, SQLException cause) {
    String why = firstLine(cause);
    if (cause.getCause() instanceof UnknownHostException host) {
      why = "there is no host " + firstLine(host);
    }
    return LedgerException.passing("ledger %s %s: %s".formatted(shown(url), what, why), cause);
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  /** Without what follows the name of the database: it may hold a password. */
  private static String shown(String url) {
    return url.split("[?;]", 2)[0];
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
