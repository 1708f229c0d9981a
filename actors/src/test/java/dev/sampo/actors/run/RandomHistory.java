package dev.sampo.actors.run;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LogPlace;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.LongStream;

/** Events that may follow each other, in an order that a seed decides. */
public final class RandomHistory {
  /** Steps that a run may lose at most. */
  public static final int MOST_ABANDONED = 2;

  private final SplittableRandom random;
  private final GroupLedger ledger = new GroupLedger();
  private final List<LedgerEvent> events = new ArrayList<>();

  /** The same seed gives the same events. */
  public RandomHistory(long seed) {
    random = new SplittableRandom(seed);
  }

  /** The first events. */
  public List<LedgerEvent> events(int count) {
    add(new LedgerEvent.RunOpened("run", 7, "settings"));
    add(new LedgerEvent.TermOpened(1, version(1, 0), List.of()));
    while (events.size() < count) {
      step();
    }
    return List.copyOf(events.subList(0, count));
  }

  private void step() {
    switch (random.nextInt(21)) {
      case 0, 1, 2, 3, 4, 5 ->
          add(new LedgerEvent.GroupOpened(ledger.nextGroup(), "rows:" + random.nextInt(9)));
      case 6, 7, 8, 9, 10 -> any(GroupState.Waiting.class).ifPresent(this::accept);
      case 11, 12, 13, 14 -> train();
      case 15 ->
          any(GroupState.Accepted.class)
              .ifPresent(group -> add(new LedgerEvent.GroupReturned(group, "too old")));
      case 16 ->
          any(GroupState.Accepted.class)
              .ifPresent(group -> add(new LedgerEvent.GroupFiltered(group, "equal")));
      case 17 ->
          any(GroupState.Waiting.class)
              .ifPresent(group -> add(new LedgerEvent.GroupSetAside(group, "broken")));
      case 18 ->
          ledger
              .history()
              .version()
              .filter(version -> version.step() > 0)
              .ifPresent(version -> add(new LedgerEvent.VersionPublished(version)));
      case 19 -> add(new LedgerEvent.StepSkipped(ledger.history().step() + 1, "not finite"));
      default -> beginAgain();
    }
  }

  private void accept(GroupId group) {
    long step = ledger.history().step();
    Optional<LogPlace> place =
        random.nextBoolean()
            ? Optional.of(new LogPlace(events.size() / 20, events.size()))
            : Optional.empty();
    add(
        new LedgerEvent.GroupAccepted(
            new LeaseId(ledger.history().term(), group, 1 + random.nextInt(3)),
            Math.max(0, step - 1),
            step,
            place));
  }

  private void train() {
    List<GroupId> accepted = all(GroupState.Accepted.class);
    if (accepted.size() >= 2) {
      PolicyVersion before = ledger.history().version().orElseThrow();
      add(
          new LedgerEvent.StepTaken(
              new StepCommitted(
                  version(before.term(), before.step() + 1),
                  accepted.subList(0, 2),
                  List.of(2),
                  1e-3),
              "settings"));
    }
  }

  private void beginAgain() {
    PolicyVersion last = ledger.history().version().orElseThrow();
    long lost = Math.min(last.step(), random.nextInt(MOST_ABANDONED + 1));
    PolicyVersion from = lost == 0 ? last : version(last.term() + 1, last.step() - lost);
    add(
        new LedgerEvent.TermOpened(
            ledger.history().term() + 1,
            from,
            LongStream.rangeClosed(from.step() + 1, last.step()).boxed().toList()));
  }

  private Optional<GroupId> any(Class<? extends GroupState> state) {
    List<GroupId> groups = all(state);
    return groups.isEmpty()
        ? Optional.empty()
        : Optional.of(groups.get(random.nextInt(groups.size())));
  }

  private List<GroupId> all(Class<? extends GroupState> state) {
    return ledger.states().entrySet().stream()
        .filter(entry -> state.isInstance(entry.getValue()))
        .map(entry -> entry.getKey())
        .toList();
  }

  private void add(LedgerEvent event) {
    ledger.apply(event);
    events.add(event);
  }

  private static PolicyVersion version(int term, long step) {
    return new PolicyVersion("run", term, step, "weights of " + term + "/" + step);
  }
}
