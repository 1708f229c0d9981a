package dev.sampo.actors.audit;

import dev.sampo.actors.journal.LedgerEntry;
import dev.sampo.actors.journal.LedgerException;
import dev.sampo.actors.journal.LedgerReader;
import dev.sampo.actors.run.GroupLedger;
import dev.sampo.actors.run.GroupState;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LedgerSnapshot;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a ledger says of its run, read up to its end or to the first event that is damaged or cannot
 * have followed those before it.
 */
public final class LedgerReport {

  /** A term, and when it was opened. */
  public record Term(LedgerEvent.TermOpened opened, Optional<Instant> at) {}

  /**
   * A step that counts.
   *
   * @param at when it was written
   * @param isPublished whether its version was announced
   */
  public record Step(StepCommitted taken, Optional<Instant> at, boolean isPublished) {}

  /** A group that was set aside. */
  public record SetAside(GroupId group, String source, String reason) {}

  private final GroupLedger groups;
  private final List<Term> terms = new ArrayList<>();
  private final NavigableMap<Long, Step> steps = new TreeMap<>();
  private final Map<GroupId, String> sources = new HashMap<>(); // of groups that are not trained
  private final Map<GroupId, LedgerEvent.GroupAccepted> accepted = new HashMap<>(); // the last one
  private final SortedMap<String, Integer> returned = new TreeMap<>();
  private final SortedMap<String, Integer> filtered = new TreeMap<>();
  private final List<String> faults = new ArrayList<>();
  private Optional<LedgerEntry> last = Optional.empty();
  private long numDropped;

  /**
   * Nothing read yet.
   *
   * @param base what events had come to that were deleted
   */
  private LedgerReport(Optional<LedgerSnapshot> base) {
    groups = base.map(GroupLedger::of).orElseGet(GroupLedger::new);
    base.stream()
        .flatMap(snapshot -> snapshot.terms().stream())
        .forEach(opened -> terms.add(new Term(opened, Optional.empty())));
    base.stream()
        .flatMap(snapshot -> snapshot.groups().stream())
        .forEach(group -> {
          if (group instanceof LedgerSnapshot.Group.Accepted(var result, var _)) {
            accepted.put(group.id(), result);
          }
        });
  }

  /** Reads a ledger. */
  public static LedgerReport of(LedgerReader ledger) {
    LedgerReport report = new LedgerReport(ledger.base());
    report.faults.addAll(ledger.damagedSnapshots());
    try {
      ledger.read(report::add);
    } catch (LedgerException | IllegalStateException e) {
      report.faults.add(String.valueOf(e.getMessage()));
    }
    ledger.damagedHead().ifPresent(report.faults::add);
    return report;
  }

  private void add(LedgerEntry entry) {
    try {
      groups.apply(entry.event());
    } catch (IllegalStateException e) {
      throw new IllegalStateException(
          "event %d contradicts those before it: %s".formatted(entry.number(), e.getMessage()), e);
    }
    if (last.isEmpty()) {
      numDropped = entry.number();
    }
    last = Optional.of(entry);
    switch (entry.event()) {
      case LedgerEvent.RunOpened _ -> {}
      case LedgerEvent.TermOpened opened -> {
        terms.add(new Term(opened, entry.writtenAt()));
        steps.tailMap(opened.from().step(), false).clear();
        accepted
            .keySet()
            .removeIf(group -> groups.state(group).orElseThrow() instanceof GroupState.Waiting);
      }
      case LedgerEvent.GroupOpened(GroupId group, String source) -> sources.put(group, source);
      case LedgerEvent.GroupAccepted result -> accepted.put(result.group(), result);
      case LedgerEvent.GroupReturned(GroupId group, String reason) -> {
        returned.merge(reason, 1, Integer::sum);
        accepted.remove(group);
      }
      case LedgerEvent.GroupFiltered(GroupId _, String reason) ->
          filtered.merge(reason, 1, Integer::sum);
      case LedgerEvent.GroupSetAside _, LedgerEvent.StepSkipped _ -> {}
      case LedgerEvent.StepTaken(StepCommitted step, String _) ->
          steps.put(step.version().step(), new Step(step, entry.writtenAt(), false));
      case LedgerEvent.VersionPublished(var version) ->
          steps.computeIfPresent(
              version.step(), (number, step) -> new Step(step.taken(), step.at(), true));
    }
  }

  /** The state of every group, terms and versions. */
  public GroupLedger groups() {
    return groups;
  }

  /** In order. */
  public List<Term> terms() {
    return Collections.unmodifiableList(terms);
  }

  /** The steps that count, by number. */
  public NavigableMap<Long, Step> steps() {
    return Collections.unmodifiableNavigableMap(steps);
  }

  /** How often groups were returned, by reason. */
  public SortedMap<String, Integer> returned() {
    return Collections.unmodifiableSortedMap(returned);
  }

  /** How many groups were filtered, by reason. */
  public SortedMap<String, Integer> filtered() {
    return Collections.unmodifiableSortedMap(filtered);
  }

  /** Groups that were set aside, in order. */
  public List<SetAside> setAside() {
    List<SetAside> found = new ArrayList<>();
    groups
        .states()
        .forEach((group, state) -> {
          if (state instanceof GroupState.SetAside(String reason)) {
            found.add(new SetAside(group, sources.getOrDefault(group, ""), reason));
          }
        });
    return found;
  }

  /** The result that counts of every group that was ever accepted and is not asked again. */
  Map<GroupId, LedgerEvent.GroupAccepted> accepted() {
    return Collections.unmodifiableMap(accepted);
  }

  /** The last event that could be read. */
  public Optional<LedgerEntry> last() {
    return last;
  }

  /** Events before the first that is there: what they came to is known, and not how. */
  public long numDropped() {
    return numDropped;
  }

  /** Events that are there, up to the first fault. */
  public long numRead() {
    return last.map(entry -> entry.number() + 1 - numDropped).orElse(0L);
  }

  /** What is wrong with the ledger by itself, one line for each fault. */
  public List<String> faults() {
    return Collections.unmodifiableList(faults);
  }
}
