package dev.sampo.actors.journal;

import dev.sampo.actors.run.GroupLedger;
import dev.sampo.config.LedgerSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The ledger of a run, read and ready to be written.
 *
 * @param journal where further events go; its owner closes it
 * @param groups what the events so far came to
 */
public record RunLedger(LedgerJournal journal, GroupLedger groups) implements AutoCloseable {
  private static final String DATABASE = "ledger";
  private static final String HEAD = "ledger.head";

  /** Leaves it to the run when the database is closed, and writes no trace file. */
  private static final String H2_OPTIONS = ";DB_CLOSE_ON_EXIT=FALSE;TRACE_LEVEL_FILE=0";

  /**
   * Opens the ledger of a run, a new one if there is none.
   *
   * @param folder belongs to the ledger; made if it is not there
   * @throws LedgerException if it cannot be opened and written, or is not as it was left
   */
  public static RunLedger open(LedgerSettings settings, Path folder, String runId) {
    JdbcJournal journal = JdbcJournal.open(place(settings, folder, runId));
    try {
      return new RunLedger(journal, groups(journal));
    } catch (RuntimeException e) {
      journal.close();
      throw e;
    }
  }

  private static GroupLedger groups(LedgerJournal journal) {
    GroupLedger groups = new GroupLedger();
    try {
      journal.replay(groups::apply);
    } catch (IllegalStateException e) {
      throw LedgerException.lasting("the ledger contradicts itself: " + e.getMessage(), e);
    }
    return groups;
  }

  private static JdbcJournal.Place place(LedgerSettings settings, Path folder, String runId) {
    try {
      Files.createDirectories(folder);
      Optional<String> password =
          settings.passwordFile().isPresent()
              ? Optional.of(firstLine(settings.passwordFile().get()))
              : Optional.empty();
      String url =
          settings
              .url()
              .orElse("jdbc:h2:file:" + folder.resolve(DATABASE).toAbsolutePath() + H2_OPTIONS);
      return new JdbcJournal.Place(url, settings.user(), password, folder.resolve(HEAD), runId);
    } catch (IOException e) {
      throw LedgerException.lasting("the ledger cannot be opened: " + e.getMessage(), e);
    }
  }

  private static String firstLine(Path file) throws IOException {
    List<String> lines = Files.readAllLines(file);
    if (lines.isEmpty()) {
      throw new IOException(file + " (ledger.password-file) is empty");
    }
    return lines.getFirst();
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
