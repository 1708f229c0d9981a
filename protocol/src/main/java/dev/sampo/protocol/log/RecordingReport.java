package dev.sampo.protocol.log;

import dev.sampo.protocol.LogEntry;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a recording holds and what is wrong with it. Without a fault a replay can take every step of
 * it: every group that a step was trained on is there as a whole, every image has the bytes of its
 * hash, no step is missing between others, and the manifest says which weights the first one starts
 * from.
 *
 * @param numGroups groups recorded, repeated ones counted again
 * @param numImages different images
 * @param numTornBytes bytes of an unfinished record at the end, which is not a fault: whoever wrote
 *     it was cut off
 * @param steps the steps that a replay takes; empty if there are none
 * @param numAbandoned steps that a later term has replaced
 * @param notTrained the recorded groups that no surviving step was trained on
 * @param ages of the groups that steps were trained on, in steps
 * @param lengths of all completions, in tokens
 * @param problems one line for each fault; empty for a complete recording
 */
public record RecordingReport(
    long numGroups,
    long numImages,
    long numTornBytes,
    Optional<Range> steps,
    long numAbandoned,
    NotTrained notTrained,
    Spread ages,
    Spread lengths,
    List<String> problems) {
  public RecordingReport {
    problems = List.copyOf(problems);
  }

  /** Steps from a first to a last one. */
  public record Range(long first, long last) {
    public long count() {
      return last - first + 1;
    }
  }

  /**
   * Why recorded groups were not trained on.
   *
   * @param repeated recorded again later: lost or too old, and asked again
   * @param abandoned trained on in steps that a later term has replaced, and in no other
   * @param left neither; too old or set aside and not asked again, or still waiting at the end
   */
  public record NotTrained(long repeated, long abandoned, long left) {
    public long count() {
      return repeated + abandoned + left;
    }
  }

  public boolean isComplete() {
    return problems.isEmpty();
  }

  static RecordingReport of(Recording recording) {
    RecordingCheck check = new RecordingCheck(recording);
    try (RolloutLogReader reader = recording.entries()) {
      for (var entry = reader.next(); entry.isPresent(); entry = reader.next()) {
        switch (entry.get()) {
          case LogEntry.GroupRecorded(ScoredGroup group) -> check.group(group);
          case LogEntry.StepRecorded(StepCommitted step, OptionalDouble _) -> check.step(step);
        }
      }
      return check.report(reader.numTornBytes());
    } catch (RecordingException e) {
      check.fault(String.valueOf(e.getMessage()));
      return check.report(0);
    }
  }
}
