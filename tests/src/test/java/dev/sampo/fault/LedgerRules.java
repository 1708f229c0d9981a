package dev.sampo.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.actors.journal.JdbcJournal;
import dev.sampo.actors.run.GroupLedger;
import dev.sampo.actors.run.GroupState;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.log.RecordedStep;
import dev.sampo.protocol.log.Recording;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What has to hold of the ledger of every run that is over, whatever happened to it. */
final class LedgerRules {
  private LedgerRules() {}

  /** Reads ledger and recording of a run folder of which no step was abandoned. */
  static void requireKept(Path run, String runId, long steps, int groupsPerStep) {
    requireKept(run, place(run.resolve("ledger"), runId), steps, groupsPerStep);
  }

  /** As the other, with the ledger elsewhere. */
  static void requireKept(Path run, JdbcJournal.Place place, long steps, int groupsPerStep) {
    assertThat(abandoned(place)).as("the same machine reaches the same bits").isEmpty();
    Recording recording = Recording.open(run.resolve("rollouts"));
    for (LedgerEvent event : events(place)) {
      if (event instanceof LedgerEvent.GroupAccepted accepted) {
        assertThat(recording.group(accepted.place().orElseThrow()).group().lease())
            .isEqualTo(accepted.lease());
      }
    }
    requireKeptWithLosses(run, place, steps, groupsPerStep);
  }

  /** What a ledger comes to. */
  static GroupLedger state(JdbcJournal.Place place) {
    GroupLedger ledger = new GroupLedger();
    events(place).forEach(ledger::apply);
    return ledger;
  }

  /** The steps that were abandoned, in the order in which they were. */
  static List<Long> abandoned(JdbcJournal.Place place) {
    List<Long> steps = new ArrayList<>();
    for (LedgerEvent event : events(place)) {
      if (event instanceof LedgerEvent.TermOpened opened) {
        steps.addAll(opened.abandonedSteps());
      }
    }
    return steps;
  }

  /** As {@link #requireKept}, of a run that had to abandon steps or has lost recorded groups. */
  static void requireKeptWithLosses(
      Path run, JdbcJournal.Place place, long steps, int groupsPerStep) {
    List<LedgerEvent> events = events(place);
    Recording recording = Recording.open(run.resolve("rollouts"));
    assertThat(recording.verify().problems()).isEmpty();

    GroupLedger ledger = new GroupLedger();
    Map<GroupId, LeaseId> winners = new HashMap<>();
    Map<GroupId, Long> trained = new HashMap<>();
    Map<Long, StepCommitted> committed = new HashMap<>();
    for (LedgerEvent event : events) {
      ledger.apply(event); // refuses what the state of a group does not allow
      switch (event) {
        case LedgerEvent.GroupAccepted accepted -> winners.put(accepted.group(), accepted.lease());
        case LedgerEvent.GroupReturned returned -> winners.remove(returned.group());
        case LedgerEvent.StepTaken(StepCommitted step, String _) -> {
          committed.put(step.version().step(), step);
          for (GroupId group : step.groups()) {
            assertThat(winners).containsKey(group);
            assertThat(trained.put(group, step.version().step()))
                .as("trained before: group %s of step %s", group, step.version().step())
                .isNull();
          }
        }
        case LedgerEvent.TermOpened term -> {
          committed.keySet().removeAll(term.abandonedSteps());
          trained.values().removeAll(term.abandonedSteps());
        }
        default -> {}
      }
    }
    assertThat(ledger.history().step()).isEqualTo(steps);
    assertThat(ledger.counts().trained()).isEqualTo((int) steps * groupsPerStep);
    assertThat(ledger.counts().total()).isEqualTo(ledger.states().size());
    requireRecorded(recording, committed, winners, steps);
    requireNoGaps(ledger);
  }

  private static void requireRecorded(
      Recording recording,
      Map<Long, StepCommitted> committed,
      Map<GroupId, LeaseId> winners,
      long steps) {
    Set<Long> seen = new HashSet<>();
    try (Stream<RecordedStep> recorded = recording.steps(0)) {
      recorded.forEach(step -> {
        long number = step.step().version().step();
        seen.add(number);
        assertThat(step.step()).isEqualTo(committed.get(number));
        assertThat(step.groups())
            .allSatisfy(
                group -> assertThat(group.group().lease()).isEqualTo(winners.get(group.id())));
      });
    }
    assertThat(seen).hasSize((int) steps);
  }

  /** Every visit of a row has one state, and no visit is left out. */
  private static void requireNoGaps(GroupLedger ledger) {
    long next = 0;
    for (Map.Entry<GroupId, GroupState> group : ledger.states().entrySet()) {
      assertThat(group.getKey()).isEqualTo(new GroupId(next));
      next++;
    }
  }

  /** The database in a ledger's folder. */
  static JdbcJournal.Place place(Path folder, String runId) {
    return new JdbcJournal.Place(
        "jdbc:h2:file:" + folder.resolve("ledger"),
        Optional.empty(),
        Optional.empty(),
        folder.resolve("ledger.head"),
        runId);
  }

  /** All that a ledger has, from its first event on. */
  static List<LedgerEvent> events(JdbcJournal.Place place) {
    List<LedgerEvent> events = new ArrayList<>();
    try (JdbcJournal journal = JdbcJournal.open(place)) {
      journal.replay(events::add);
    }
    return events;
  }
}
