package dev.sampo.bench;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LogPlace;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/** The events of a run without mishaps. */
final class RunEvents {
  static final int GROUPS_PER_STEP = 32;
  private static final String SETTINGS = "e".repeat(64);

  private RunEvents() {}

  /** What begins a ledger. */
  static List<LedgerEvent> beginning() {
    return List.of(
        new LedgerEvent.RunOpened("bench", 1, SETTINGS),
        new LedgerEvent.TermOpened(1, version(0), List.of()));
  }

  /** The events of a group; of the last one of a step, those of the step as well. */
  static List<LedgerEvent> ofGroup(long number) {
    GroupId group = new GroupId(number);
    long step = number / GROUPS_PER_STEP;
    List<LedgerEvent> events = new ArrayList<>();
    events.add(new LedgerEvent.GroupOpened(group, "/data/refcoco/train.jsonl:" + number));
    events.add(
        new LedgerEvent.GroupAccepted(
            new LeaseId(1, group, 1),
            Math.max(0, step - 1),
            step,
            Optional.of(new LogPlace((int) (step / 100) + 1, 21_000 * (number % 3_000)))));
    if (number % GROUPS_PER_STEP == GROUPS_PER_STEP - 1) {
      events.add(new LedgerEvent.StepTaken(step(step), SETTINGS));
      events.add(new LedgerEvent.VersionPublished(version(step + 1)));
    }
    return events;
  }

  /** The step that is taken at a step, with its groups. */
  static StepCommitted step(long before) {
    List<GroupId> groups =
        LongStream.range(before * GROUPS_PER_STEP, (before + 1) * GROUPS_PER_STEP)
            .mapToObj(GroupId::new)
            .toList();
    return new StepCommitted(version(before + 1), groups, List.of(16, 16), 1e-6);
  }

  static PolicyVersion version(long step) {
    return new PolicyVersion("bench", 1, step, "%064x".formatted(step));
  }
}
