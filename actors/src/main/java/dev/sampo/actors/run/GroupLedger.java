package dev.sampo.actors.run;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LedgerSnapshot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The state of every group of a run, its terms and its versions. But for leases it changes only by
 * {@link #apply}, so the events in order are the ledger: writing them down and applying them again
 * restores it, with the leased groups waiting.
 */
public final class GroupLedger {

  /**
   * How many groups are in each state. They add up to the prompt visits so far.
   *
   * @param waiting groups to lease
   * @param leased groups being generated or recorded
   * @param accepted scored groups that wait for the learner
   * @param trained groups the optimizer learned from
   * @param filtered groups without a learning signal
   * @param setAside groups that cannot be generated or scored
   */
  public record Counts(
      int waiting, int leased, int accepted, int trained, int filtered, int setAside) {
    public int total() {
      return waiting + leased + accepted + trained + filtered + setAside;
    }
  }

  private final RunHistory history = new RunHistory();
  private final SortedMap<GroupId, GroupState> states = new TreeMap<>();
  private final Map<GroupId, String> sources = new HashMap<>(); // of groups that have not ended
  private final TreeSet<GroupId> waiting = new TreeSet<>();
  private final ArrayDeque<GroupId> ended = new ArrayDeque<>(); // that states has, oldest first
  private int mostEnded = Integer.MAX_VALUE; // at most so many
  private long numGroups;
  private int leased;
  private int accepted;
  private int trained;
  private int filtered;
  private int setAside;
  private int numReplaced;
  private int numSkipped;
  private int lastSegment; // of the recording, from 1; 0 before the first

  /** What a snapshot says; further events can be applied to it. */
  public static GroupLedger of(LedgerSnapshot snapshot) {
    GroupLedger ledger = new GroupLedger();
    ledger.history.restore(snapshot);
    ledger.trained = snapshot.settled().trained();
    ledger.filtered = snapshot.settled().filtered();
    ledger.setAside = snapshot.settled().setAside();
    ledger.lastSegment = snapshot.lastSegment();
    for (LedgerSnapshot.Group group : snapshot.groups()) {
      switch (group) {
        case LedgerSnapshot.Group.Waiting(GroupId id, var source) -> {
          source.ifPresent(text -> ledger.sources.put(id, text));
          ledger.move(id, new GroupState.Waiting());
        }
        case LedgerSnapshot.Group.Accepted(var result, var source) -> {
          source.ifPresent(text -> ledger.sources.put(result.group(), text));
          ledger.move(result.group(), ledger.accepted(result));
        }
        case LedgerSnapshot.Group.Trained(GroupId id, long step) ->
            ledger.move(id, new GroupState.Trained(step));
      }
    }
    ledger.numGroups = snapshot.numGroups();
    ledger.numReplaced = snapshot.numReplaced();
    ledger.numSkipped = snapshot.numSkipped();
    return ledger;
  }

  /**
   * What the events so far came to, without leases.
   *
   * @param step the run never goes back to a step before this one; what the snapshot says may reach
   *     further back, but not further than what is known here
   * @throws IllegalStateException if there was no event yet
   */
  public LedgerSnapshot snapshot(long step) {
    List<PolicyVersion> versions = history.versionsFrom(step);
    long oldest = versions.isEmpty() ? 0 : versions.getFirst().step();
    List<LedgerSnapshot.Group> groups = new ArrayList<>();
    states.forEach((id, state) -> open(id, state, oldest).ifPresent(groups::add));
    long trainedSince =
        groups.stream().filter(LedgerSnapshot.Group.Trained.class::isInstance).count();
    return new LedgerSnapshot(
        history.run().orElseThrow(() -> new IllegalStateException("the ledger is empty")),
        history.terms(),
        versions,
        history.published(),
        numGroups,
        new LedgerSnapshot.Settled(Math.toIntExact(trained - trainedSince), filtered, setAside),
        numReplaced,
        numSkipped,
        lastSegment,
        groups);
  }

  /** Empty if the group has ended for good. */
  private Optional<LedgerSnapshot.Group> open(GroupId id, GroupState state, long step) {
    return switch (state) {
      case GroupState.Waiting _, GroupState.Leased _, GroupState.Won _ ->
          Optional.of(new LedgerSnapshot.Group.Waiting(id, source(id)));
      case GroupState.Accepted(var lease, long oldest, long newest, var place) ->
          Optional.of(
              new LedgerSnapshot.Group.Accepted(
                  new LedgerEvent.GroupAccepted(lease, oldest, newest, place), source(id)));
      case GroupState.Trained(long at) when at > step ->
          Optional.of(new LedgerSnapshot.Group.Trained(id, at));
      case GroupState.End _ -> Optional.empty();
    };
  }

  /**
   * From now on only the last groups that have ended are remembered, and all are counted; there is
   * no going back behind the steps of the others. So what is kept does not grow with the run.
   *
   * @param most how many
   */
  public void forgetEnded(int most) {
    ended.clear();
    states.entrySet().stream()
        .filter(entry -> entry.getValue() instanceof GroupState.End)
        .sorted(
            Comparator.comparingLong(
                entry -> entry.getValue() instanceof GroupState.Trained(long step) ? step : 0))
        .forEach(entry -> ended.add(entry.getKey()));
    mostEnded = most;
    forget();
  }

  private void forget() {
    while (ended.size() > mostEnded) {
      GroupId oldest = ended.getFirst();
      if (states.get(oldest) instanceof GroupState.Trained(long step)) {
        if (step > history.lastToForget()) {
          return;
        }
        history.forgetBefore(step);
      }
      ended.removeFirst();
      states.remove(oldest);
    }
  }

  /**
   * Takes note of an event.
   *
   * @throws IllegalStateException if what was before does not allow it; nothing is changed then
   */
  public void apply(LedgerEvent event) {
    switch (event) {
      case LedgerEvent.RunOpened opened -> history.apply(opened);
      case LedgerEvent.TermOpened opened -> {
        history.apply(opened);
        endLeases();
        if (!opened.abandonedSteps().isEmpty()) {
          askAgainAfter(opened.from().step());
          numReplaced = 0;
          numSkipped = 0;
        }
      }
      case LedgerEvent.VersionPublished published -> history.apply(published);
      case LedgerEvent.StepSkipped skipped -> {
        history.apply(skipped);
        numSkipped++;
      }
      case LedgerEvent.StepTaken(StepCommitted step, String _) -> applyStep(step);
      case LedgerEvent.GroupOpened(GroupId group, String source) -> {
        require(group.value() == numGroups, group, event);
        sources.put(group, source);
        move(group, new GroupState.Waiting());
        numGroups++;
      }
      case LedgerEvent.GroupFiltered replaced -> {
        move(replaced.group(), next(replaced));
        numReplaced++;
      }
      case LedgerEvent.OfGroup ofGroup -> move(ofGroup.group(), next(ofGroup));
    }
  }

  private void applyStep(StepCommitted step) {
    Set<GroupId> groups = new HashSet<>(step.groups());
    for (GroupId group : step.groups()) {
      require(
          groups.remove(group) && states.get(group) instanceof GroupState.Accepted, group, step);
    }
    history.apply(step);
    numReplaced = 0;
    numSkipped = 0;
    step.groups().forEach(group -> move(group, new GroupState.Trained(step.version().step())));
  }

  private void endLeases() {
    states.replaceAll((group, state) -> {
      if (state instanceof GroupState.Leased || state instanceof GroupState.Won) {
        count(group, state, -1);
        count(group, new GroupState.Waiting(), 1);
        return new GroupState.Waiting();
      }
      return state;
    });
  }

  /** What abandoned steps learned from, and what their weights sampled, does not count. */
  private void askAgainAfter(long step) {
    for (Map.Entry<GroupId, GroupState> entry : states().entrySet()) {
      boolean abandoned =
          switch (entry.getValue()) {
            case GroupState.Trained(long trained) -> trained > step;
            case GroupState.Accepted accepted -> accepted.newestStep() > step;
            default -> false;
          };
      if (abandoned) {
        move(entry.getKey(), new GroupState.Waiting());
      }
    }
  }

  /** Notes that a waiting group is being generated: soft, and forgotten with the term. */
  public void lease(LeaseId lease) {
    require(states.get(lease.group()) instanceof GroupState.Waiting, lease.group(), lease);
    move(lease.group(), new GroupState.Leased(lease));
  }

  /** Notes that a result is being recorded: soft as a lease. */
  public void win(GroupState.Won won) {
    GroupId group = won.lease().group();
    boolean open =
        switch (states.get(group)) {
          case GroupState.Waiting _, GroupState.Leased _ -> true;
          case null, default -> false;
        };
    require(open, group, won);
    move(group, won);
  }

  /** Notes that a lease is over without a recorded result. */
  public void release(LeaseId lease) {
    boolean holds =
        switch (states.get(lease.group())) {
          case GroupState.Leased(LeaseId holder) -> holder.equals(lease);
          case GroupState.Won won -> won.lease().equals(lease);
          case null, default -> false;
        };
    require(holds, lease.group(), lease);
    move(lease.group(), new GroupState.Waiting());
  }

  private GroupState next(LedgerEvent.OfGroup event) {
    GroupState before = states.get(event.group());
    boolean open =
        before instanceof GroupState.Waiting
            || before instanceof GroupState.Leased
            || before instanceof GroupState.Won;
    return switch (event) {
      case LedgerEvent.GroupAccepted result when open -> accepted(result);
      case LedgerEvent.GroupReturned _ when before instanceof GroupState.Accepted ->
          new GroupState.Waiting();
      case LedgerEvent.GroupFiltered(GroupId _, String reason)
          when before instanceof GroupState.Accepted ->
          new GroupState.Filtered(reason);
      case LedgerEvent.GroupSetAside(GroupId _, String reason)
          when open || before instanceof GroupState.Accepted ->
          new GroupState.SetAside(reason);
      default -> throw refusal(event.group(), event);
    };
  }

  private GroupState.Accepted accepted(LedgerEvent.GroupAccepted result) {
    result.place().ifPresent(place -> lastSegment = Math.max(lastSegment, place.segment() + 1));
    return new GroupState.Accepted(
        result.lease(), result.oldestStep(), result.newestStep(), result.place());
  }

  private void move(GroupId group, GroupState after) {
    GroupState before = states.put(group, after);
    if (before != null) {
      count(group, before, -1);
    }
    if (before instanceof GroupState.End) {
      ended.remove(group); // its step was abandoned
    }
    count(group, after, 1);
    if (after instanceof GroupState.End) {
      sources.remove(group);
      if (mostEnded < Integer.MAX_VALUE) {
        ended.add(group);
        forget();
      }
    }
  }

  private void require(boolean holds, GroupId group, Object event) {
    if (!holds) {
      throw refusal(group, event);
    }
  }

  private IllegalStateException refusal(GroupId group, Object event) {
    return new IllegalStateException(
        "group %d is %s, which rules out %s"
            .formatted(
                group.value(), state(group).map(Object::toString).orElse("not open"), event));
  }

  private void count(GroupId group, GroupState state, int by) {
    switch (state) {
      case GroupState.Waiting _ -> {
        if (by > 0) {
          waiting.add(group);
        } else {
          waiting.remove(group);
        }
      }
      case GroupState.Leased _, GroupState.Won _ -> leased += by;
      case GroupState.Accepted _ -> accepted += by;
      case GroupState.Trained _ -> trained += by;
      case GroupState.Filtered _ -> filtered += by;
      case GroupState.SetAside _ -> setAside += by;
      case GroupState.Settled _ -> throw new IllegalStateException("counted by the snapshot");
    }
  }

  /** The state of a group; empty for a prompt that was not visited. */
  public Optional<GroupState> state(GroupId group) {
    GroupState state = states.get(group);
    return state == null && group.value() < numGroups
        ? Optional.of(new GroupState.Settled())
        : Optional.ofNullable(state);
  }

  /** Terms and versions. */
  public RunHistory history() {
    return history;
  }

  /** The group that the next visit of the data opens: the data cursor. */
  public GroupId nextGroup() {
    return new GroupId(numGroups);
  }

  /** Groups that others took the place of since the last step: there is a bound for each step. */
  public int numReplaced() {
    return numReplaced;
  }

  /** Whether this attempt has won and is not accepted yet. */
  boolean isBeingRecorded(LeaseId lease) {
    return states.get(lease.group()) instanceof GroupState.Won won && won.lease().equals(lease);
  }

  /** Steps left out since the last step. */
  public int numSkipped() {
    return numSkipped;
  }

  /** Where the row of a group is that has not ended. */
  public Optional<String> source(GroupId group) {
    return Optional.ofNullable(sources.get(group));
  }

  /** Of the waiting groups from this one on the one that was opened first. */
  public Optional<GroupId> firstWaiting(GroupId from) {
    return Optional.ofNullable(waiting.ceiling(from));
  }

  /** Number of the last segment of the recording that a result was in; 0 if none was. */
  public int lastSegment() {
    return lastSegment;
  }

  public Counts counts() {
    return new Counts(waiting.size(), leased, accepted, trained, filtered, setAside);
  }

  /**
   * All groups but those that are settled or forgotten, with their states, in group order; a copy.
   */
  public Map<GroupId, GroupState> states() {
    return new TreeMap<>(states);
  }
}
