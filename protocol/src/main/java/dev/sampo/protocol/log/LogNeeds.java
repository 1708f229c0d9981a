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
 * groups that a later step may still be trained on. Kept up to date with every entry, so that
 * nobody has to read the log to find out.
 */
final class LogNeeds {
  private final List<Group> groups = new ArrayList<>();
  private final Map<GroupId, Group> latest = new HashMap<>();
  private final List<Step> steps = new ArrayList<>(); // those that were abandoned too
  private final NavigableMap<Long, Step> counting = new TreeMap<>();
  private final NavigableMap<Integer, Set<String>> images = new TreeMap<>(); // by segment

  /** A group record. */
  private static final class Group {
    private final int segment;
    private final long oldestStep;
    private @Nullable Long trainedAt;
    private boolean isRepeated;

    private Group(int segment, long oldestStep) {
      this.segment = segment;
      this.oldestStep = oldestStep;
    }

    private boolean isNeeded(long after, int maxAge) {
      Long step = trainedAt;
      return step == null ? !isRepeated && oldestStep >= after - maxAge : step > after;
    }
  }

  /** A step record. */
  private record Step(int segment, StepCommitted step, List<Group> groups) {
    private long number() {
      return step.version().step();
    }
  }

  /** Reads a log. */
  static LogNeeds of(RolloutLogReader reader) {
    LogNeeds needs = new LogNeeds();
    for (var entry = reader.next(); entry.isPresent(); entry = reader.next()) {
      needs.add(reader.position().segment() + 1, entry.get());
    }
    return needs;
  }

  /**
   * Takes note of the next entry.
   *
   * @param segment that it is in, from 1
   */
  void add(int segment, LogEntry entry) {
    switch (entry) {
      case LogEntry.GroupRecorded(ScoredGroup group) -> add(segment, group);
      case LogEntry.StepRecorded(StepCommitted step, OptionalDouble _) -> add(segment, step);
    }
  }

  private void add(int segment, ScoredGroup group) {
    Group record = new Group(segment, group.group().oldestStep());
    groups.add(record);
    Group before = latest.put(group.id(), record);
    if (before != null) {
      before.isRepeated = true;
    }
    Set<String> ofSegment = images.computeIfAbsent(segment, each -> new HashSet<>());
    for (ImageRef image : group.group().prompt().images()) {
      ofSegment.add(image.sha256());
    }
  }

  private void add(int segment, StepCommitted committed) {
    long number = committed.version().step();
    NavigableMap<Long, Step> abandoned = counting.tailMap(number, true);
    abandoned.values().forEach(each -> each.groups().forEach(record -> record.trainedAt = null));
    abandoned.clear();
    List<Group> trained =
        committed.groups().stream().map(latest::get).filter(each -> each != null).toList();
    trained.forEach(record -> record.trainedAt = number);
    Step step = new Step(segment, committed, trained);
    counting.put(number, step);
    steps.add(step);
  }

  /**
   * The first segment that is needed to go on after a step.
   *
   * @param maxAge how old a group may be when a step is trained on it, in steps
   * @param present the segment that is appended to, which is needed
   */
  int firstSegment(long after, int maxAge, int present) {
    int first = present;
    for (Step step : steps) {
      first = step.number() > after ? Math.min(first, step.segment()) : first;
    }
    for (Group group : groups) {
      first = group.isNeeded(after, maxAge) ? Math.min(first, group.segment) : first;
    }
    return first;
  }

  /** A step that counts; empty if the log does not have it. */
  Optional<StepCommitted> step(long number) {
    return Optional.ofNullable(counting.get(number)).map(Step::step);
  }

  /** Hashes of images that only segments before {@code first} need. */
  Set<String> imagesBefore(int first) {
    Set<String> expendable = new HashSet<>();
    images.headMap(first).values().forEach(expendable::addAll);
    images.tailMap(first).values().forEach(expendable::removeAll);
    return expendable;
  }

  /** Forgets the segments before {@code first}, which were dropped. */
  void forgetBefore(int first) {
    groups.removeIf(group -> group.segment < first);
    latest.values().removeIf(group -> group.segment < first);
    steps.removeIf(step -> step.segment() < first);
    counting.values().removeIf(step -> step.segment() < first);
    images.headMap(first).clear();
  }
}
