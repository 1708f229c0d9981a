package dev.sampo.actors.audit;

import dev.sampo.actors.run.GroupState;
import dev.sampo.actors.run.RunHistory;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LogPlace;
import dev.sampo.protocol.log.RecordedSteps;
import dev.sampo.protocol.log.Recording;
import dev.sampo.protocol.log.RecordingException;
import dev.sampo.protocol.log.RolloutLogReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Whether a ledger agrees with the recording of its run: every result that it accepted is recorded
 * as a whole where it says, every step that counts is recorded with the same weights and groups,
 * and what a replay of the step reads is what was accepted.
 */
public final class Agreement {
  private final LedgerReport ledger;
  private final Recording recording;
  private final List<String> faults = new ArrayList<>();
  private long numGroups;
  private long numSteps;

  private Agreement(LedgerReport ledger, Recording recording) {
    this.ledger = ledger;
    this.recording = recording;
  }

  /** Compares them. */
  public static Agreement of(LedgerReport ledger, Recording recording) {
    Agreement agreement = new Agreement(ledger, recording);
    try {
      agreement.compareRuns();
      agreement.compareGroups();
      agreement.compareSteps();
    } catch (RecordingException e) {
      agreement.faults.add(String.valueOf(e.getMessage()));
    }
    return agreement;
  }

  /** One line for each fault. */
  public List<String> faults() {
    return Collections.unmodifiableList(faults);
  }

  /** Results of groups that were looked for in the recording. */
  public long numGroups() {
    return numGroups;
  }

  /** Steps that were. */
  public long numSteps() {
    return numSteps;
  }

  private void compareRuns() {
    String recorded = recording.manifest().runId();
    ledger
        .groups()
        .history()
        .run()
        .filter(run -> !run.runId().equals(recorded))
        .ifPresent(run ->
            faults.add(
                "the ledger is of run %s, the recording of run %s"
                    .formatted(run.runId(), recorded)));
    ledger.terms().stream()
        .map(term -> term.opened().from())
        .filter(from -> from.step() == 0)
        .filter(from -> !from.weightsHash().equals(recording.manifest().modelHash()))
        .forEach(from ->
            faults.add(
                "the ledger begins with weights %s, the recording with %s"
                    .formatted(from.weightsHash(), recording.manifest().modelHash())));
  }

  /** Groups whose segment was dropped since are of steps that nobody takes again. */
  private void compareGroups() {
    int first = recording.start().segment() - 1;
    try (RolloutLogReader reader = recording.entries()) {
      for (Map.Entry<GroupId, LedgerEvent.GroupAccepted> entry :
          new TreeMap<>(ledger.accepted()).entrySet()) {
        Optional<LogPlace> place = entry.getValue().place();
        boolean waits =
            ledger.groups().state(entry.getKey()).orElse(null) instanceof GroupState.Accepted;
        if (place.isPresent() && (waits || place.get().segment() >= first)) {
          numGroups++;
          compare(reader, place.get(), entry.getValue().lease());
        }
      }
    }
  }

  private void compare(RolloutLogReader reader, LogPlace place, LeaseId accepted) {
    try {
      LeaseId recorded = reader.group(place).group().lease();
      if (!recorded.equals(accepted)) {
        faults.add(
            "the ledger accepted %s, the recording has %s in its place"
                .formatted(shown(accepted), shown(recorded)));
      }
    } catch (RecordingException e) {
      faults.add(
          "%s was accepted and is not recorded as a whole: %s"
              .formatted(shown(accepted), e.getMessage()));
    }
  }

  /** Of a step whose event was dropped the ledger knows the version alone. */
  private void compareSteps() {
    RecordedSteps recorded = recording.steps();
    RunHistory history = ledger.groups().history();
    try (RolloutLogReader reader = recording.entries()) {
      for (long step = recording.start().step() + 1; step <= history.step(); step++) {
        LedgerReport.Step taken = ledger.steps().get(step);
        if (taken != null) {
          compare(reader, recorded, taken.taken());
        } else if (history.versionAt(step).isPresent()) {
          compare(history.versionAt(step).get(), recorded.step(step));
        }
      }
    }
  }

  private void compare(RolloutLogReader reader, RecordedSteps recorded, StepCommitted taken) {
    long number = taken.version().step();
    Optional<StepCommitted> found = recorded.step(number);
    if (!compare(taken.version(), found)) {
      return;
    }
    if (!found.equals(Optional.of(taken))) {
      faults.add(
          "step %d has other groups, cuts or settings in the ledger than in the recording"
              .formatted(number));
    } else {
      compareReplayed(reader, recorded.places(number), taken);
    }
  }

  /** Whether a step is recorded and ended in this version. */
  private boolean compare(PolicyVersion version, Optional<StepCommitted> recorded) {
    numSteps++;
    if (recorded.isEmpty()) {
      faults.add("step %d is in the ledger and is not recorded".formatted(version.step()));
      return false;
    }
    PolicyVersion other = recorded.get().version();
    if (!other.equals(version) && !beganTerm(version, other)) {
      faults.add(
          "step %d ended in weights %s of term %d by the ledger, in %s of term %d by the recording"
              .formatted(
                  version.step(),
                  version.weightsHash(),
                  version.term(),
                  other.weightsHash(),
                  other.term()));
      return false;
    }
    return true;
  }

  /** A term that abandons steps begins with the weights of a step of a term before. */
  private boolean beganTerm(PolicyVersion version, PolicyVersion recorded) {
    return recorded.weightsHash().equals(version.weightsHash())
        && ledger.groups().history().terms().stream().anyMatch(term -> term.from().equals(version));
  }

  /** A replay reads the latest record of a group before the step. */
  private void compareReplayed(
      RolloutLogReader reader, List<LogPlace> replayed, StepCommitted taken) {
    for (int i = 0; i < replayed.size(); i++) {
      LedgerEvent.GroupAccepted accepted = ledger.accepted().get(taken.groups().get(i));
      if (accepted != null
          && accepted.place().isPresent()
          && !accepted.place().get().equals(replayed.get(i))) {
        compare(reader, replayed.get(i), accepted.lease());
      }
    }
  }

  private static String shown(LeaseId lease) {
    return "attempt %d of term %d at group %d"
        .formatted(lease.attempt(), lease.term(), lease.group().value());
  }
}
