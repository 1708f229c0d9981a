package dev.sampo.actors.journal;

import dev.sampo.actors.run.GroupLedger;
import dev.sampo.config.LedgerSettings;
import dev.sampo.config.RecordingSettings;
import dev.sampo.tasks.DurationText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
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
   * Opens the ledger of a run, a new one if there is none. Waits for a server that does not answer
   * as a run that goes on does: for {@code attempts} times {@code retryAfter} of the settings.
   *
   * @param folder belongs to the ledger; made if it is not there, once the database has answered
   * @param neededAfter the oldest step that the run may go back to; empty for its beginning
   * @param waits told once, in a line, that the server does not answer and is waited for
   * @throws LedgerException if it cannot be opened and written, is not as it was left, or does not
   *     reach back to that step
   */
  public static RunLedger open(
      LedgerSettings settings,
      Path folder,
      String runId,
      Supplier<OptionalLong> neededAfter,
      Consumer<String> waits) {
    for (int attempt = 1; ; attempt++) {
      try {
        return open(settings, folder, runId, neededAfter);
      } catch (LedgerException e) {
        if (!LedgerDatabase.isAway(e)) {
          throw e;
        }
        if (attempt == settings.attempts()) {
          throw e.after(attempt);
        }
        if (attempt == 1) {
          waits.accept(
              "%s; trying again every %s, %d times at most"
                  .formatted(
                      e.getMessage(),
                      DurationText.of(settings.retryAfter()),
                      settings.attempts() - 1));
        }
        pause(settings.retryAfter(), e);
      }
    }
  }

  private static void pause(Duration time, LedgerException cause) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw cause;
    }
  }

  private static RunLedger open(
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
    LedgerDatabase database = database(settings, folder);
    return new JdbcJournal.Place(
        database.url(), database.user(), database.password(), head(folder), runId);
  }

  /**
   * Checks, for a run that has a ledger, that something of it is there: opening one that is not
   * makes a new one.
   *
   * @throws LedgerException if neither the file of its database is there nor the one that remembers
   *     its end; a server is not asked
   */
  public static void requireThere(LedgerSettings settings, Path folder) {
    LedgerDatabase database = database(settings, folder);
    Path head = head(folder);
    Optional<Path> missing = database.file().filter(file -> !Files.exists(file));
    if (missing.isPresent() && !Files.exists(head)) {
      throw LedgerException.lasting(
          "ledger %s has gone: there are no %s and %s; %s"
              .formatted(database, missing.get(), head, LedgerException.WAYS_OUT));
    }
  }

  /** The database of a run whose ledger has this folder. */
  static LedgerDatabase database(LedgerSettings settings, Path folder) {
    return LedgerDatabase.of(settings, folder.resolve(DATABASE));
  }

  /** The file that remembers where a ledger ends. */
  static Path head(Path folder) {
    return folder.resolve(HEAD);
  }

  /**
   * Whether a ledger has an event, by the file that remembers its end; also where that is damaged.
   *
   * @param folder belongs to the ledger; it need not be there
   */
  public static boolean hasEvents(Path folder) {
    Path head = head(folder);
    try {
      return Files.exists(head) && LedgerHead.read(head).mark().numEvents() > 0;
    } catch (IOException e) {
      return true; // whoever opens the ledger says what is wrong with it
    }
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
