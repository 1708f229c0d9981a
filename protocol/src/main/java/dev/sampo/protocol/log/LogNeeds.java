package dev.sampo.protocol.log;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.LogEntry;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What whoever goes on after a step needs of a log: the later steps with their groups, and the
 * groups that a later step may still be trained on. Found in one pass over the log.
 */
final class LogNeeds {
  private final long after;
  private final int maxAge;
  private final List<Kept> records = new ArrayList<>();
  private final Map<GroupId, Kept> latest = new HashMap<>();
  private final NavigableMap<Long, List<Kept>> trained = new TreeMap<>();
  private final NavigableMap<Integer, Set<String>> images = new TreeMap<>(); // by segment
  private int firstLaterStep = Integer.MAX_VALUE; // the segment that it is in
  private Optional<StepCommitted> last = Optional.empty();

  /** A group record. */
  private static final class Kept {
    private final int segment;
    private final long oldestStep;
    private @Nullable Long trainedAt;
    private boolean isRepeated;

    private Kept(int segment, long oldestStep) {
      this.segment = segment;
      this.oldestStep = oldestStep;
    }
  }

  private LogNeeds(long after, int maxAge) {
    this.after = after;
    this.maxAge = maxAge;
  }

  /**
   * Reads a log.
   *
   * @param after the step
   * @param maxAge how old a group may be when a step is trained on it, in steps
   */
  static LogNeeds of(RolloutLogReader reader, long after, int maxAge) {
    LogNeeds needs = new LogNeeds(after, maxAge);
    for (var entry = reader.next(); entry.isPresent(); entry = reader.next()) {
      int segment = reader.position().segment() + 1;
      switch (entry.get()) {
        case LogEntry.GroupRecorded(ScoredGroup group) -> needs.group(segment, group);
        case LogEntry.StepRecorded(StepCommitted step, OptionalDouble _) ->
            needs.step(segment, step);
      }
    }
    return needs;
  }

  private void group(int segment, ScoredGroup group) {
    Kept record = new Kept(segment, group.group().oldestStep());
    records.add(record);
    Kept before = latest.put(group.id(), record);
    if (before != null) {
      before.isRepeated = true;
    }
    Set<String> ofSegment = images.computeIfAbsent(segment, each -> new HashSet<>());
    for (ImageRef image : group.group().prompt().images()) {
      ofSegment.add(image.sha256());
    }
  }

  private void step(int segment, StepCommitted step) {
    long number = step.version().step();
    NavigableMap<Long, List<Kept>> abandoned = trained.tailMap(number, true);
    abandoned.values().forEach(each -> each.forEach(record -> record.trainedAt = null));
    abandoned.clear();
    List<Kept> groups =
        step.groups().stream().map(latest::get).filter(each -> each != null).toList();
    groups.forEach(record -> record.trainedAt = number);
    trained.put(number, groups);
    if (number > after) {
      firstLaterStep = Math.min(firstLaterStep, segment);
    } else {
      last = Optional.of(step);
    }
  }

  /** The first segment that is needed, at most {@code present}. */
  int firstSegment(int present) {
    int first = Math.min(firstLaterStep, present);
    for (Kept record : records) {
      if (isNeeded(record)) {
        first = Math.min(first, record.segment);
      }
    }
    return first;
  }

  private boolean isNeeded(Kept record) {
    Long step = record.trainedAt;
    return step == null ? !record.isRepeated && record.oldestStep >= after - maxAge : step > after;
  }

  /** The step itself; empty if the log does not have it. */
  Optional<StepCommitted> lastDropped() {
    return last.filter(step -> step.version().step() == after);
  }

  /** Hashes of images that only segments before {@code first} need. */
  Set<String> imagesBefore(int first) {
    Set<String> expendable = new HashSet<>();
    images.headMap(first).values().forEach(expendable::addAll);
    images.tailMap(first).values().forEach(expendable::removeAll);
    return expendable;
  }
}
