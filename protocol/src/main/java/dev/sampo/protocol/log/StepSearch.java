package dev.sampo.protocol.log;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LogEntry;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LogPlace;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Looks for the steps after one that still count, from the last segment back, so that what it takes
 * depends on how far back they and their groups reach and not on how long the log is.
 */
final class StepSearch {
  private final long after;
  private final Deque<List<Item>> segments = new ArrayDeque<>(); // of the log's end, in order
  private boolean hasSteps; // whether no step that is looked for is further back

  /** A step and where its groups stand, as far as they were found before it. */
  record Found(StepCommitted step, OptionalDouble loss, Map<GroupId, LogPlace> groups) {
    private boolean isWhole() {
      return groups.keySet().containsAll(step.groups());
    }
  }

  /** What matters of an entry. */
  private sealed interface Item {
    record Group(GroupId id, LogPlace place) implements Item {}

    record Step(StepCommitted step, OptionalDouble loss) implements Item {}
  }

  private StepSearch(long after) {
    this.after = after;
  }

  /**
   * Reads what it takes of a log.
   *
   * @return the steps in order; a group is missing in them that the whole log does not have
   */
  static Collection<Found> of(RolloutLogReader reader, long after) {
    StepSearch search = new StepSearch(after);
    int segment = reader.lastSegment();
    while (segment >= reader.firstSegment()) {
      search.addSegment(reader, segment);
      if (search.hasSteps) {
        Collection<Found> found = search.found();
        if (found.stream().allMatch(Found::isWhole)) {
          return found;
        }
      }
      segment--;
    }
    return search.found();
  }

  /** Whether a log has a step that counts; reads as far back as it, or one before it, is. */
  static boolean has(RolloutLogReader reader, long number) {
    for (int segment = reader.lastSegment(); segment >= reader.firstSegment(); segment--) {
      StepSearch search = new StepSearch(number - 1);
      search.addSegment(reader, segment);
      if (search.hasSteps) {
        return search.found().stream().anyMatch(found -> found.step().version().step() == number);
      }
    }
    return false;
  }

  /** Number of the last step of a log; reads as far back as it is. */
  static OptionalLong last(RolloutLogReader reader) {
    for (int segment = reader.lastSegment(); segment >= reader.firstSegment(); segment--) {
      StepSearch search = new StepSearch(0);
      search.addSegment(reader, segment);
      OptionalLong last =
          search.found().stream().mapToLong(found -> found.step().version().step()).max();
      if (last.isPresent()) {
        return last;
      }
    }
    return OptionalLong.empty();
  }

  private void addSegment(RolloutLogReader reader, int segment) {
    List<Item> items = new ArrayList<>();
    reader.beginAt(segment);
    for (var entry = reader.next();
        entry.isPresent() && reader.position().segment() + 1 == segment;
        entry = reader.next()) {
      switch (entry.get()) {
        case LogEntry.GroupRecorded(ScoredGroup group) ->
            items.add(new Item.Group(group.id(), reader.position()));
        case LogEntry.StepRecorded(StepCommitted step, OptionalDouble loss) -> {
          items.add(new Item.Step(step, loss));
          // This one and those after it replace whatever stands before under their numbers.
          hasSteps |= step.version().step() <= after + 1;
        }
      }
    }
    segments.addFirst(items);
  }

  private Collection<Found> found() {
    NavigableMap<Long, Found> steps = new TreeMap<>();
    Map<GroupId, LogPlace> latest = new HashMap<>();
    for (List<Item> segment : segments) {
      for (Item item : segment) {
        switch (item) {
          case Item.Group(GroupId id, LogPlace place) -> latest.put(id, place);
          case Item.Step(StepCommitted step, OptionalDouble loss) -> {
            long number = step.version().step();
            steps.tailMap(number, true).clear();
            if (number > after) {
              steps.put(number, new Found(step, loss, places(step, latest)));
            }
          }
        }
      }
    }
    return steps.values();
  }

  private static Map<GroupId, LogPlace> places(StepCommitted step, Map<GroupId, LogPlace> latest) {
    Map<GroupId, LogPlace> places = new HashMap<>();
    for (GroupId id : step.groups()) {
      LogPlace place = latest.get(id);
      if (place != null) {
        places.put(id, place);
      }
    }
    return places;
  }
}
