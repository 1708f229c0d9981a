package dev.sampo.actors.journal;

import dev.sampo.config.LedgerSettings;
import dev.sampo.protocol.ledger.LedgerSnapshot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A ledger to look at, also while its run goes on; nothing of it is changed. An embedded database
 * is locked by its run, so a copy of its file is read: everything that {@code ledger.head}
 * remembered before the copy was made has to be in it. A server is asked within one transaction.
 */
public final class LedgerReader implements AutoCloseable {
  private static final int MAX_COPIES = 5;
  private static final String COPY = "ledger.mv.db";

  private final LedgerDatabase database; // the original
  private final LedgerTables tables;
  private final Path headFile;
  private final Optional<LedgerHead.End> head;
  private final Optional<Path> copy;
  private final Connection connection;
  private final int version;
  private final List<String> damagedSnapshots = new ArrayList<>();
  private final Optional<SnapshotTable.Found> base; // of a ledger whose first events were deleted

  private LedgerReader(
      LedgerDatabase database,
      LedgerTables tables,
      SnapshotTable snapshots,
      Path headFile,
      Optional<LedgerHead.End> head,
      Optional<Path> copy,
      Connection connection)
      throws SQLException {
    this.database = database;
    this.tables = tables;
    this.headFile = headFile;
    this.head = head;
    this.copy = copy;
    this.connection = connection;
    try {
      connection.setAutoCommit(false);
      this.version = tables.version(connection);
      this.base = base(snapshots);
    } catch (SQLException | LedgerException e) {
      connection.close();
      throw e;
    }
  }

  /**
   * Opens the ledger of a run.
   *
   * @param folder the ledger's folder in the run folder
   * @throws LedgerException if there is none, or it cannot be opened
   */
  public static LedgerReader open(LedgerSettings settings, Path folder, String runId) {
    LedgerDatabase database = RunLedger.database(settings, folder);
    LedgerTables tables = new LedgerTables(database.name(), runId);
    SnapshotTable snapshots = new SnapshotTable(database.name(), runId);
    Path head = RunLedger.head(folder);
    try {
      return database.file().isPresent()
          ? ofCopy(database, database.file().get(), tables, snapshots, head)
          : ofServer(database, tables, snapshots, head);
    } catch (SQLException e) {
      throw database.unreadable("cannot be opened", e);
    } catch (NoSuchFileException e) {
      throw LedgerException.lasting(
          "ledger %s: there is no file %s".formatted(database, e.getFile()), e);
    } catch (IOException e) {
      throw LedgerException.lasting(
          "ledger %s cannot be copied: %s".formatted(database, e.getMessage()), e);
    }
  }

  private static LedgerReader ofServer(
      LedgerDatabase database, LedgerTables tables, SnapshotTable snapshots, Path headFile)
      throws SQLException, IOException {
    Optional<LedgerHead.End> head = readHead(database, headFile);
    Connection connection = database.connect();
    try {
      connection.setReadOnly(true);
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
    return new LedgerReader(
        database, tables, snapshots, headFile, head, Optional.empty(), connection);
  }

  /** A copy that a writer has disturbed is made again; one of a file at rest is as it is. */
  private static LedgerReader ofCopy(
      LedgerDatabase database,
      Path file,
      LedgerTables tables,
      SnapshotTable snapshots,
      Path headFile)
      throws SQLException, IOException {
    for (int copies = 1; ; copies++) {
      Optional<LedgerHead.End> head = readHead(database, headFile);
      State before = State.of(file);
      Path folder = Files.createTempDirectory("sampo-ledger");
      try {
        Path copy = Files.copy(file, folder.resolve(COPY));
        LedgerReader reader =
            new LedgerReader(
                database,
                tables,
                snapshots,
                headFile,
                head,
                Optional.of(folder),
                database.copiedTo(copy).connect());
        if (copies == MAX_COPIES || before.equals(State.of(file)) || reader.isWhole()) {
          return reader;
        }
        reader.close();
      } catch (SQLException | LedgerException | IOException e) {
        delete(folder);
        if (copies == MAX_COPIES || before.equals(State.of(file))) {
          throw e;
        }
      }
    }
  }

  /** What changes when somebody writes. */
  private record State(long size, FileTime time) {
    static State of(Path file) throws IOException {
      BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
      return new State(now.size(), now.lastModifiedTime());
    }
  }

  private static Optional<LedgerHead.End> readHead(LedgerDatabase database, Path file) {
    try {
      return Files.exists(file) ? Optional.of(LedgerHead.read(file)) : Optional.empty();
    } catch (IOException e) {
      throw LedgerException.lasting(
          "ledger %s: %s cannot be read: %s".formatted(database, file, e.getMessage()), e);
    }
  }

  private boolean isWhole() {
    try {
      read(entry -> {});
      return true;
    } catch (LedgerException e) {
      return false;
    }
  }

  /** The snapshot right before the first event that is there. */
  private Optional<SnapshotTable.Found> base(SnapshotTable snapshots) throws SQLException {
    if (!snapshots.isThere(connection)) {
      return Optional.empty();
    }
    long first = tables.first(connection);
    return snapshots.all(connection, damagedSnapshots).stream()
        .filter(found -> first > 0 && found.at().numEvents() == first)
        .findFirst();
  }

  /** What the events had come to that were deleted; empty if all are there. */
  public Optional<LedgerSnapshot> base() {
    return base.map(SnapshotTable.Found::snapshot);
  }

  /** One line for each snapshot that is damaged. */
  public List<String> damagedSnapshots() {
    return Collections.unmodifiableList(damagedSnapshots);
  }

  /**
   * Reads all events that are there, in order.
   *
   * @throws LedgerException where the ledger is damaged, or at its end if events are missing there;
   *     what was before it has been read
   */
  public void read(Consumer<LedgerEntry> each) {
    try {
      LedgerHead.Mark start = base.map(SnapshotTable.Found::at).orElse(LedgerHead.Mark.START);
      EndCheck ending = new EndCheck(database.name(), headFile, head.map(LedgerHead.End::mark));
      ending.begun(start, numEvents -> tables.markAt(connection, numEvents));
      LedgerHead.Mark last =
          tables.read(
              connection,
              version,
              start,
              (entry, end) -> {
                each.accept(entry);
                ending.passed(end);
              });
      ending.reached(last);
    } catch (SQLException e) {
      throw database.unreadable("cannot be read", e);
    }
  }

  /** What the database is called. */
  public String name() {
    return database.name();
  }

  /** What is wrong with the file that remembers where the ledger ended, in one line. */
  public Optional<String> damagedHead() {
    if (head.isEmpty()) {
      return Optional.of(
          "ledger %s: ledger.head is missing, so that a missing end cannot be noticed"
              .formatted(database));
    }
    return head.filter(end -> !end.isWhole())
        .map(end ->
            "ledger %s: one of the two places in %s is damaged, the other remembers %d events; what the database may have lost after these cannot be noticed"
                .formatted(database, headFile, end.mark().numEvents()));
  }

  /**
   * Checks that the run is in it, if any is: one that was begun under another name is.
   *
   * @param config what says how the run is called
   * @throws LedgerException naming those that are
   */
  public void requireRun(Path config) {
    try {
      boolean hasEnd = head.filter(end -> end.mark().numEvents() > 0).isPresent();
      boolean mayBeNew = copy.isEmpty() && !hasEnd; // a server has runs of other folders
      if (mayBeNew || tables.last(connection).numEvents() > 0) {
        return;
      }
      List<String> runs = tables.runs(connection); // reads all events of all of them
      if (!runs.isEmpty()) {
        throw LedgerException.lasting(
            "ledger %s holds nothing of run %s, as %s calls it with run.name and run.seed; it is of %s: put back the settings that the run was begun with"
                .formatted(database, tables.runId(), config, String.join(", ", runs)));
      }
    } catch (SQLException e) {
      throw database.unreadable("cannot be read", e);
    }
  }

  /** Bytes of the events of this run, without what the database adds. */
  public long numBytes() {
    try {
      return tables.numBytes(connection);
    } catch (SQLException e) {
      throw database.unreadable("cannot be read", e);
    }
  }

  @Override
  public void close() {
    try (connection) {
      connection.rollback();
    } catch (SQLException e) {
      return; // it was read, and nothing was written
    } finally {
      copy.ifPresent(LedgerReader::delete);
    }
  }

  private static void delete(Path folder) {
    try {
      Files.deleteIfExists(folder.resolve(COPY));
      Files.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
