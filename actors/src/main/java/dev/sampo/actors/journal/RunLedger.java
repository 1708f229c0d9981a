package dev.sampo.actors.journal;

import dev.sampo.actors.run.GroupLedger;
import dev.sampo.config.LedgerSettings;
import dev.sampo.config.RecordingSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * The ledger of a run, read and ready to be written.
 *
 * @param journal where further events go; its owner closes it
 * @param groups what the events so far came to
 */
public record RunLedger(LedgerJournal journal, GroupLedger groups) implements AutoCloseable {
  private static final String DATABASE = "ledger";
  private static final String HEAD = "ledger.head";

  /**
   * Opens the ledger of a run, a new one if there is none.
   *
   * @param folder belongs to the ledger; made if it is not there
   * @param neededAfter the oldest step that the run may go back to; empty for its beginning
   * @throws LedgerException if it cannot be opened and written, is not as it was left, or does not
   *     reach back to that step
   */
  public static RunLedger open(
      LedgerSettings settings, Path folder, String runId, Supplier<OptionalLong> neededAfter) {
    SnapshotJournal journal =
        new SnapshotJournal(
            JdbcJournal.open(place(settings, folder, runId)),
            new SnapshotJournal.Policy(
                settings.snapshotEvery(),
                settings.keep() == RecordingSettings.Keep.CHECKPOINTS,
                neededAfter));
    try {
      return new RunLedger(journal, journal.begin());
    } catch (RuntimeException e) {
      journal.close();
      throw e;
    }
  }

  private static JdbcJournal.Place place(LedgerSettings settings, Path folder, String runId) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw LedgerException.lasting("the ledger cannot be opened: " + e.getMessage(), e);
    }
    LedgerDatabase database = database(settings, folder);
    return new JdbcJournal.Place(
        database.url(), database.user(), database.password(), head(folder), runId);
  }

  /** The database of a run whose ledger has this folder. */
  static LedgerDatabase database(LedgerSettings settings, Path folder) {
    return LedgerDatabase.of(settings, folder.resolve(DATABASE));
  }

  /** The file that remembers where a ledger ends. */
  static Path head(Path folder) {
    return folder.resolve(HEAD);
  }

  /** Whether nothing has happened yet. */
  public boolean isNew() {
    return groups.history().run().isEmpty();
  }

  @Override
  public void close() {
    journal.close();
  }
}
