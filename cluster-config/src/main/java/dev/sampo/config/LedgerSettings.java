package dev.sampo.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * The database that remembers what became of every group and step.
 *
 * @param url JDBC URL; empty for an H2 database in the run folder
 * @param user who writes it; empty where the database knows no users
 * @param passwordFile file whose first line is the password
 * @param attempts how often a transaction is tried before the run ends
 * @param retryAfter time between two attempts
 * @param snapshotEvery events from one snapshot to the next
 * @param keep what stays of the events while the run goes on
 */
public record LedgerSettings(
    Optional<String> url,
    Optional<String> user,
    Optional<Path> passwordFile,
    int attempts,
    Duration retryAfter,
    int snapshotEvery,
    RecordingSettings.Keep keep) {
  public LedgerSettings {
    url.ifPresent(text -> {
      Require.that(
          text.startsWith("jdbc:h2:") || text.startsWith("jdbc:postgresql:"),
          "url",
          "null, jdbc:h2:.. or jdbc:postgresql:..",
          "\"" + text.split("[?;]", 2)[0] + "\"");
      Require.that(
          !text.toLowerCase(Locale.ROOT).contains("password="),
          "url",
          "without a password, which belongs into the file that password-file names",
          "one");
    });
    Require.that(attempts >= 1, "attempts", ">= 1", attempts);
    Require.that(!retryAfter.isNegative(), "retry-after", ">= 0s", retryAfter);
    Require.that(snapshotEvery >= 1, "snapshot-every", ">= 1", snapshotEvery);
  }
}
