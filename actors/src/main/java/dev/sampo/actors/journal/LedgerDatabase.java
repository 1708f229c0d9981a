package dev.sampo.actors.journal;

import dev.sampo.config.LedgerSettings;
import java.io.IOException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;

/**
 * A database as its driver is asked for it.
 *
 * @param url of the database
 * @param user who uses it; empty where the database knows no users
 */
record LedgerDatabase(String url, Optional<String> user, Optional<String> password) {
  private static final String H2 = "jdbc:h2:";
  private static final String H2_FILE = "jdbc:h2:file:";
  private static final String POSTGRES = "jdbc:postgresql:";
  private static final String H2_SUFFIX = ".mv.db";

  /** After which a server counts as lost; without it a broken line would never be noticed. */
  private static final String SILENCE_SECONDS = "30";

  /**
   * How the SQL states begin of connections that were refused or lost, of a server that starts or
   * stops or has no connection left, and H2's one of a server that is gone.
   */
  private static final List<String> AWAY = List.of("08", "57P", "53300", "90067");

  /** H2's codes for a damaged file: FILE_CORRUPTED, or GENERAL_ERROR where it stumbles over it. */
  private static final Set<Integer> H2_DAMAGE = Set.of(90030, 50000);

  /** Leave it to the run when a database is closed, and write no trace file; the URL may not. */
  private static final Map<String, String> H2_FILE_OPTIONS =
      Map.of("DB_CLOSE_ON_EXIT", "FALSE", "TRACE_LEVEL_FILE", "0");

  /**
   * The database of a run.
   *
   * @param file of an embedded one, without its suffix, where the settings name none
   */
  static LedgerDatabase of(LedgerSettings settings, Path file) {
    return new LedgerDatabase(
        settings.url().orElse(H2_FILE + file.toAbsolutePath()),
        settings.user(),
        settings.passwordFile().map(LedgerDatabase::firstLine));
  }

  private static String firstLine(Path file) {
    try {
      List<String> lines = Files.readAllLines(file);
      if (lines.isEmpty()) {
        throw LedgerException.lasting(file + " (ledger.password-file) is empty");
      }
      return lines.getFirst();
    } catch (IOException e) {
      throw LedgerException.lasting(file + " (ledger.password-file) cannot be read", e);
    }
  }

  Connection connect() throws SQLException {
    Properties login = new Properties();
    if (isPostgres()) {
      login.setProperty("socketTimeout", SILENCE_SECONDS); // the URL may say otherwise
      login.setProperty("tcpKeepAlive", "true");
    }
    if (file().isPresent()) {
      H2_FILE_OPTIONS.forEach((option, value) -> {
        if (!url.toUpperCase(Locale.ROOT).contains(";" + option + "=")) {
          login.setProperty(option, value); // H2 takes no option twice with other values
        }
      });
    }
    user.ifPresent(name -> login.setProperty("user", name));
    password.ifPresent(secret -> login.setProperty("password", secret));
    return DriverManager.getConnection(url, login);
  }

  boolean isH2() {
    return url.startsWith(H2);
  }

  boolean isPostgres() {
    return url.startsWith(POSTGRES);
  }

  /** The file of an embedded database; empty for one behind a server. */
  Optional<Path> file() {
    return name().startsWith(H2_FILE)
        ? Optional.of(
            Path.of(
                name()
                        .substring(H2_FILE.length())
                        .replaceFirst("^~(?=/)", System.getProperty("user.home"))
                    + H2_SUFFIX))
        : Optional.empty();
  }

  /** The same in another file of this folder, which has to be there. */
  LedgerDatabase copiedTo(Path copy) {
    String path = copy.toString();
    return new LedgerDatabase(
        H2_FILE
            + path.substring(0, path.length() - H2_SUFFIX.length())
            + url.substring(name().length())
            + ";IFEXISTS=TRUE",
        user,
        password);
  }

  /** Without what follows the name of the database: it may hold a password. */
  String name() {
    return url.split("[?;]", 2)[0];
  }

  /** Whether somebody may have to wait only: for a server that is not there, or not ready. */
  static boolean isAway(LedgerException failure) {
    return failure.getCause() instanceof SQLException cause
        && AWAY.stream().anyMatch(String.valueOf(cause.getSQLState())::startsWith);
  }

  LedgerException failure(String what, SQLException cause) {
    String why =
        cause.getCause() instanceof UnknownHostException host
            ? "there is no host " + firstLine(host)
            : firstLine(cause);
    return LedgerException.passing("ledger %s %s: %s".formatted(name(), what, why), cause);
  }

  /**
   * As {@link #failure}, of a database that is only read: H2 may have met what it did not write.
   */
  LedgerException unreadable(String what, SQLException cause) {
    LedgerException failure = failure(what, cause);
    return file().isPresent() && H2_DAMAGE.contains(cause.getErrorCode())
        ? LedgerException.lasting(
            "%s; %s is damaged, it seems: %s"
                .formatted(failure.getMessage(), file().get(), LedgerException.WAYS_OUT),
            cause)
        : failure;
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  @Override
  public String toString() {
    return name();
  }
}
