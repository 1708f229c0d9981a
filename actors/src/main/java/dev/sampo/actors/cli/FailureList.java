package dev.sampo.actors.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What several checks object to, so that a user reads all of it at once. */
final class FailureList {
  private final List<RuntimeException> failures = new ArrayList<>();

  /** Makes a check and keeps its objection. */
  void collect(Runnable check) {
    try {
      check.run();
    } catch (RuntimeException e) {
      failures.add(e);
    }
  }

  /**
   * Passes on what was objected to.
   *
   * @throws RuntimeException the only failure, or one whose message has the lines of all
   */
  void raise() {
    if (failures.isEmpty()) {
      return;
    }
    if (failures.size() == 1) {
      throw failures.getFirst();
    }
    CommandFailedException all =
        new CommandFailedException(
            failures.stream()
                .flatMap(failure -> CommandFailures.describe(failure).lines())
                .distinct()
                .collect(Collectors.joining("\n")));
    failures.forEach(all::addSuppressed);
    throw all;
  }
}
