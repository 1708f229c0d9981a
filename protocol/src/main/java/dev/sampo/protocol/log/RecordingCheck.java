package dev.sampo.protocol.log;

import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** One pass over the entries of a recording, in order. */
final class RecordingCheck {
  private final Recording recording;
  private final List<String> problems = new ArrayList<>();
  private final Map<GroupId, Recorded> latest = new HashMap<>();
  private final Set<String> images = new HashSet<>();
  private final NavigableMap<Long, StepCommitted> steps = new TreeMap<>(); // that survive
  private final Map<TermStep, PolicyVersion> versions = new HashMap<>();
  private final Spread.Counts ages = new Spread.Counts();
  private final Spread.Counts lengths = new Spread.Counts();
  private Optional<StepCommitted> previous = Optional.empty();
  private long numGroups;
  private long numSteps;
  private long numRepeated;

  /** Which step of which term. */
  private record TermStep(int term, long step) {}

  /** The latest record of a group. */
  private record Recorded(Set<PolicyVersion> versions, long oldestStep, boolean wasTrained) {}

  RecordingCheck(Recording recording) {
    this.recording = recording;
    problems.addAll(recording.manifest().problems());
  }

  void fault(String line) {
    problems.add(line);
  }

  void group(ScoredGroup scored) {
    CompletionGroup group = scored.group();
    numGroups++;
    Set<PolicyVersion> sampledBy =
        group.completions().stream()
            .flatMap(completion -> completion.versions().stream())
            .map(span -> span.version())
            .collect(Collectors.toUnmodifiableSet());
    Recorded before = latest.put(scored.id(), new Recorded(sampledBy, group.oldestStep(), false));
    numRepeated += before != null && !before.wasTrained() ? 1 : 0;
    group.completions().forEach(completion -> lengths.add(completion.tokens().length()));
    for (ImageRef image : group.prompt().images()) {
      checkImage(scored.id(), image);
    }
  }

  private void checkImage(GroupId group, ImageRef image) {
    if (images.add(image.sha256())) {
      try {
        recording.image(image.sha256());
      } catch (RecordingException e) {
        problems.add("group " + group.value() + ": " + e.getMessage());
      }
    }
  }

  void step(StepCommitted step) {
    long number = step.version().step();
    if (number <= recording.start().step()) {
      step.groups().forEach(latest::remove); // of a step that no replay takes
      return;
    }
    numSteps += isTakenAgain(step) ? 0 : 1;
    checkOrder(step);
    checkPacking(step);
    for (GroupId id : step.groups()) {
      Recorded record = latest.get(id);
      if (record == null) {
        problems.add("step %d: group %d is not recorded before it".formatted(number, id.value()));
      } else {
        checkVersions(step, id, record);
        ages.add(number - 1 - record.oldestStep());
        latest.put(id, new Recorded(record.versions(), record.oldestStep(), true));
      }
    }
    steps.tailMap(number, true).clear();
    steps.put(number, step);
    versions.put(new TermStep(step.version().term(), number), step.version());
    previous = Optional.of(step);
  }

  /** The process died before the ledger had the step, so that nobody was told of it. */
  private boolean isTakenAgain(StepCommitted step) {
    return previous.stream()
        .map(StepCommitted::version)
        .anyMatch(before ->
            before.term() == step.version().term() && before.step() == step.version().step());
  }

  private void checkOrder(StepCommitted step) {
    long number = step.version().step();
    long expected =
        previous.map(before -> before.version().step() + 1).orElse(recording.start().step() + 1);
    boolean isNewTerm =
        previous.stream().anyMatch(before -> before.version().term() < step.version().term());
    if (isNewTerm ? number > expected : number != expected && !isTakenAgain(step)) {
      problems.add("step " + number + " follows step " + (expected - 1));
    }
    if (!step.version().runId().equals(recording.manifest().runId())) {
      problems.add("step %d is of run %s".formatted(number, step.version().runId()));
    }
  }

  private void checkPacking(StepCommitted step) {
    int packed = step.microBatches().stream().mapToInt(Integer::intValue).sum();
    if (packed > step.groups().size() || step.microBatches().stream().anyMatch(size -> size < 1)) {
      problems.add(
          "step %d: the packing %s is not one of %d groups"
              .formatted(step.version().step(), step.microBatches(), step.groups().size()));
    }
  }

  /**
   * Whoever sampled the tokens is a version that the recording knows, before the step. Where
   * nothing was trained on, it need not be: what a step left out is a recording of its own.
   */
  private void checkVersions(StepCommitted step, GroupId id, Recorded record) {
    if (step.microBatches().isEmpty()) {
      return;
    }
    for (PolicyVersion version : record.versions()) {
      String known =
          version.step() == 0
              ? recording.manifest().modelHash()
              : Optional.ofNullable(versions.get(new TermStep(version.term(), version.step())))
                  .map(PolicyVersion::weightsHash)
                  .orElse(version.weightsHash());
      if (version.step() >= step.version().step() || !known.equals(version.weightsHash())) {
        problems.add(
            "step %d: tokens of group %d are of step %d with weights %s, which the recording does not have before it"
                .formatted(
                    step.version().step(), id.value(), version.step(), version.weightsHash()));
      }
    }
  }

  RecordingReport report(long numTornBytes) {
    Set<GroupId> trained =
        steps.values().stream()
            .flatMap(step -> step.groups().stream())
            .collect(Collectors.toUnmodifiableSet());
    long abandoned = 0;
    long left = 0;
    for (Map.Entry<GroupId, Recorded> entry : latest.entrySet()) {
      if (!trained.contains(entry.getKey())) {
        abandoned += entry.getValue().wasTrained() ? 1 : 0;
        left += entry.getValue().wasTrained() ? 0 : 1;
      }
    }
    return new RecordingReport(
        numGroups,
        images.size(),
        numTornBytes,
        steps.isEmpty()
            ? Optional.empty()
            : Optional.of(new RecordingReport.Range(steps.firstKey(), steps.lastKey())),
        numSteps - steps.size(),
        new RecordingReport.NotTrained(numRepeated, abandoned, left),
        ages.spread(),
        lengths.spread(),
        problems);
  }
}
