package dev.sampo.protocol.log;

import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LogPlace;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The steps of a recording that a replay takes, by number, and where their groups stand. A step
 * that was taken again replaces the first one and everything after that: in a later term, or
 * because the process died before its ledger had it.
 */
public final class RecordedSteps {
  private final Recording recording;
  private final NavigableMap<Long, Indexed> steps;

  /** A step and where its groups stand. */
  private record Indexed(StepCommitted step, OptionalDouble loss, List<LogPlace> groups) {}

  private RecordedSteps(Recording recording, NavigableMap<Long, Indexed> steps) {
    this.recording = recording;
    this.steps = steps;
  }

  /**
   * Finds the steps after one.
   *
   * @throws RecordingException if the log is damaged where it is read, or a step names a group that
   *     is not there
   */
  static RecordedSteps of(Recording recording, long after) {
    NavigableMap<Long, Indexed> steps = new TreeMap<>();
    try (RolloutLogReader reader = recording.entries()) {
      for (StepSearch.Found found : StepSearch.of(reader, after)) {
        steps.put(
            found.step().version().step(),
            new Indexed(
                found.step(), found.loss(), recording.places(found.step(), found.groups())));
      }
    }
    return new RecordedSteps(recording, steps);
  }

  public boolean isEmpty() {
    return steps.isEmpty();
  }

  /** Number of the first step; there is one. */
  public long first() {
    return steps.firstKey();
  }

  /** Number of the last step; there is one. */
  public long last() {
    return steps.lastKey();
  }

  /** A step by its number. */
  public Optional<StepCommitted> step(long number) {
    return Optional.ofNullable(steps.get(number)).map(Indexed::step);
  }

  /** Where the groups of a step stand, in its order; empty if there is no such step. */
  public List<LogPlace> places(long number) {
    return Optional.ofNullable(steps.get(number)).map(Indexed::groups).orElse(List.of());
  }

  /**
   * Some of the steps, in order; groups are read as the stream advances. The caller closes it.
   *
   * @param from number of the first one
   * @param to number of the last one
   * @throws RecordingException while it advances, if a group is damaged
   */
  public Stream<RecordedStep> read(long from, long to) {
    RolloutLogReader reader = recording.entries();
    return steps.subMap(from, true, Math.max(from, to), to >= from).values().stream()
        .map(step -> read(step, reader))
        .onClose(reader::close);
  }

  private static RecordedStep read(Indexed step, RolloutLogReader reader) {
    List<ScoredGroup> groups = new ArrayList<>();
    for (LogPlace place : step.groups()) {
      groups.add(reader.group(place));
    }
    return new RecordedStep(step.step(), step.loss(), groups);
  }
}
