package dev.sampo.protocol.log;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.LogEntry;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a recording holds and what is wrong with it.
 *
 * @param numGroups groups recorded, repeated ones counted again
 * @param numSteps steps recorded, abandoned ones included
 * @param numImages different images
 * @param numTornBytes bytes of an unfinished record at the end, which is not a fault: whoever wrote
 *     it was cut off
 * @param problems one line for each fault; empty for a complete recording
 */
public record RecordingReport(
    long numGroups, long numSteps, long numImages, long numTornBytes, List<String> problems) {
  public RecordingReport {
    problems = List.copyOf(problems);
  }

  public boolean isComplete() {
    return problems.isEmpty();
  }

  static RecordingReport of(Recording recording) {
    Check check = new Check(recording);
    try (RolloutLogReader reader = recording.entries()) {
      for (var entry = reader.next(); entry.isPresent(); entry = reader.next()) {
        switch (entry.get()) {
          case LogEntry.GroupRecorded(ScoredGroup group) -> check.group(group);
          case LogEntry.StepRecorded(StepCommitted step) -> check.step(step);
        }
      }
      return check.report(reader.numTornBytes());
    } catch (RecordingException e) {
      check.problems.add(e.getMessage());
      return check.report(0);
    }
  }

  /** The state of one pass over the log. */
  private static final class Check {
    private final Recording recording;
    private final List<String> problems = new ArrayList<>();
    private final Set<GroupId> groups = new HashSet<>();
    private final Set<String> images = new HashSet<>();
    private Optional<StepCommitted> previous = Optional.empty();
    private long numGroups;
    private long numSteps;

    Check(Recording recording) {
      this.recording = recording;
    }

    void group(ScoredGroup group) {
      numGroups++;
      groups.add(group.id());
      for (ImageRef image : group.group().prompt().images()) {
        if (images.add(image.sha256())) {
          try {
            recording.image(image.sha256());
          } catch (RecordingException e) {
            problems.add("group " + group.id().value() + ": " + e.getMessage());
          }
        }
      }
    }

    void step(StepCommitted step) {
      numSteps++;
      long number = step.version().step();
      for (GroupId id : step.groups()) {
        if (!groups.contains(id)) {
          problems.add("step " + number + ": group " + id.value() + " is not recorded before it");
        }
      }
      long expected = previous.map(before -> before.version().step() + 1).orElse(1L);
      boolean newTerm =
          previous.stream().anyMatch(before -> before.version().term() < step.version().term());
      if (newTerm ? number > expected : number != expected) {
        problems.add("step " + number + " follows step " + (expected - 1));
      }
      previous = Optional.of(step);
    }

    RecordingReport report(long numTornBytes) {
      return new RecordingReport(numGroups, numSteps, images.size(), numTornBytes, problems);
    }
  }
}
