package dev.sampo.actors.run;

import dev.sampo.protocol.GroupId;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The state of every group of a run. It changes only by {@link #apply}, so the events in order are
 * the ledger: writing them down and applying them again restores it.
 */
public final class GroupLedger {

  /**
   * How many groups are in each state. They add up to the prompt visits so far.
   *
   * @param waiting groups to lease
   * @param leased groups being generated
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

  private final SortedMap<GroupId, GroupState> states = new TreeMap<>();
  private final TreeSet<GroupId> waiting = new TreeSet<>();
  private int leased;
  private int accepted;
  private int trained;
  private int filtered;
  private int setAside;

  /**
   * Moves a group.
   *
   * @throws IllegalStateException if the group's state does not allow the event
   */
  public void apply(LedgerEvent event) {
    GroupState before = states.get(event.group());
    GroupState after = next(before, event);
    if (before != null) {
      count(event.group(), before, -1);
    }
    count(event.group(), after, 1);
    states.put(event.group(), after);
  }

  private static GroupState next(@Nullable GroupState before, LedgerEvent event) {
    return switch (event) {
      case LedgerEvent.Opened opened when before == null -> new GroupState.Waiting();
      case LedgerEvent.Granted granted when before instanceof GroupState.Waiting ->
          new GroupState.Leased(granted.lease());
      case LedgerEvent.Lost lost when isLeasedAs(before, lost) -> new GroupState.Waiting();
      case LedgerEvent.Accepted won when isOpen(before) ->
          new GroupState.Accepted(won.lease(), won.oldestStep());
      case LedgerEvent.Returned returned when before instanceof GroupState.Accepted ->
          new GroupState.Waiting();
      case LedgerEvent.Ended ended when mayEnd(before, ended.end()) -> ended.end();
      default ->
          throw new IllegalStateException(
              "group " + event.group().value() + " is " + before + ", which rules out " + event);
    };
  }

  private static boolean isLeasedAs(@Nullable GroupState state, LedgerEvent.Lost lost) {
    return state instanceof GroupState.Leased leased && leased.lease().equals(lost.lease());
  }

  private static boolean isOpen(@Nullable GroupState state) {
    return state instanceof GroupState.Waiting || state instanceof GroupState.Leased;
  }

  private static boolean mayEnd(@Nullable GroupState state, GroupState.End end) {
    return switch (end) {
      case GroupState.Trained _, GroupState.Filtered _ -> state instanceof GroupState.Accepted;
      case GroupState.SetAside _ -> isOpen(state) || state instanceof GroupState.Accepted;
    };
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
      case GroupState.Leased _ -> leased += by;
      case GroupState.Accepted _ -> accepted += by;
      case GroupState.Trained _ -> trained += by;
      case GroupState.Filtered _ -> filtered += by;
      case GroupState.SetAside _ -> setAside += by;
    }
  }

  /** The state of a group; empty for a prompt that was not visited. */
  public Optional<GroupState> state(GroupId group) {
    return Optional.ofNullable(states.get(group));
  }

  /** The waiting group that was opened first. */
  public Optional<GroupId> firstWaiting() {
    return waiting.isEmpty() ? Optional.empty() : Optional.of(waiting.first());
  }

  public Counts counts() {
    return new Counts(waiting.size(), leased, accepted, trained, filtered, setAside);
  }

  /** All groups with their states, in group order; a copy. */
  public Map<GroupId, GroupState> states() {
    return new TreeMap<>(states);
  }
}
