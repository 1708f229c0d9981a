package dev.sampo.fault;

import dev.sampo.actors.run.GroupLedger;
import dev.sampo.actors.run.GroupState;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LogEntry;
import dev.sampo.protocol.log.Recording;
import dev.sampo.protocol.log.RolloutLogReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Where in its life a training was when it was killed, told from what it left. */
enum KilledAt {
  BEFORE_THE_LEDGER_WAS_THERE,
  WITH_A_STEP_RECORDED_AND_NOT_IN_THE_LEDGER,
  WITH_A_GROUP_RECORDED_AND_NOT_IN_THE_LEDGER,
  WITH_A_STEP_IN_THE_LEDGER_AND_NOT_PUBLISHED,
  WITH_A_CHECKPOINT_HALF_WRITTEN,
  BETWEEN_STEPS;

  /**
   * Looks at a folder that nobody works in, and changes nothing in it.
   *
   * @param copy folder that is not there yet, for a copy of the ledger
   */
  static KilledAt of(Path run, String runId, Path copy) throws IOException {
    if (!Files.exists(run.resolve("ledger/ledger.head"))
        || !Files.exists(run.resolve("rollouts/manifest.json"))) {
      return BEFORE_THE_LEDGER_WAS_THERE;
    }
    copy(run.resolve("ledger"), copy);
    GroupLedger ledger = LedgerRules.state(LedgerRules.place(copy, runId));
    LogEntry last = lastRecorded(run.resolve("rollouts")).orElse(null);
    if (last instanceof LogEntry.StepRecorded(var step, var _)
        && step.version().step() > ledger.history().step()) {
      return WITH_A_STEP_RECORDED_AND_NOT_IN_THE_LEDGER;
    }
    if (last instanceof LogEntry.GroupRecorded(var group) && isOpen(ledger, group.id())) {
      return WITH_A_GROUP_RECORDED_AND_NOT_IN_THE_LEDGER;
    }
    if (!ledger.history().published().equals(ledger.history().version())
        && ledger.history().step() > 0) {
      return WITH_A_STEP_IN_THE_LEDGER_AND_NOT_PUBLISHED;
    }
    return isPartial(run.resolve("checkpoints")) ? WITH_A_CHECKPOINT_HALF_WRITTEN : BETWEEN_STEPS;
  }

  private static Optional<LogEntry> lastRecorded(Path recording) {
    Optional<LogEntry> last = Optional.empty();
    try (RolloutLogReader reader = Recording.open(recording).entries()) {
      for (Optional<LogEntry> next = reader.next(); next.isPresent(); next = reader.next()) {
        last = next;
      }
    }
    return last;
  }

  private static boolean isOpen(GroupLedger ledger, GroupId group) {
    return switch (ledger.state(group).orElse(null)) {
      case null -> true;
      case GroupState.Waiting _, GroupState.Leased _, GroupState.Won _ -> true;
      default -> false;
    };
  }

  private static boolean isPartial(Path checkpoints) throws IOException {
    if (!Files.isDirectory(checkpoints)) {
      return false;
    }
    try (Stream<Path> entries = Files.list(checkpoints)) {
      return entries.anyMatch(entry -> entry.toString().endsWith(".partial"));
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }
}
