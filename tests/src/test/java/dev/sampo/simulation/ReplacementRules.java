package dev.sampo.simulation;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ledger.LedgerEvent;
import java.util.List;
import java.util.Optional;

/**
 * The rules for groups that there is nothing to learn from: others take their place, no more than
 * the scenario allows for one step, and none is learned from as long as another could.
 */
final class ReplacementRules {
  private final Scenario scenario;
  private int numReplaced; // for the step under way, as the ledger says

  ReplacementRules(Scenario scenario) {
    this.scenario = scenario;
  }

  /** A coordinator begins with these events. */
  void restarted(List<LedgerEvent> durable) {
    numReplaced = 0;
    for (LedgerEvent event : durable) {
      Optional<String> _ = brokenBy(event);
    }
  }

  /**
   * Looks at an event of the ledger, in order.
   *
   * @return the rule that it breaks
   */
  Optional<String> brokenBy(LedgerEvent event) {
    switch (event) {
      case LedgerEvent.TermOpened opened when !opened.abandonedSteps().isEmpty() -> numReplaced = 0;
      case LedgerEvent.GroupFiltered(GroupId group, String _) -> {
        numReplaced++;
        if (!scenario.isUseless(group)) {
          return Optional.of("only what is useless is replaced: " + group);
        }
        if (numReplaced > scenario.maxExtra()) {
          return Optional.of("no more groups are replaced than allowed: " + numReplaced);
        }
      }
      case LedgerEvent.StepTaken(var taken, String _) -> {
        List<GroupId> useless = taken.groups().stream().filter(scenario::isUseless).toList();
        int replaced = numReplaced;
        numReplaced = 0;
        if (!useless.isEmpty() && replaced < scenario.maxExtra()) {
          return Optional.of(
              "what another could replace is not learned from: %s after %d"
                  .formatted(useless, replaced));
        }
      }
      default -> {}
    }
    return Optional.empty();
  }
}
