package dev.sampo.protocol;

import java.util.OptionalDouble;

/** One record of a rollout log; the order of the log is the order in which things happened. */
public sealed interface LogEntry {

  /** The buffer accepted this group. */
  record GroupRecorded(ScoredGroup group) implements LogEntry {}

  /**
   * The learner took this step. Each group it names is the latest record of that group before the
   * step: a group that grew too old is generated and recorded again.
   *
   * @param loss of the step, which a replay is held against; empty if nothing was trained on, and
   *     in recordings of format 1
   */
  record StepRecorded(StepCommitted step, OptionalDouble loss) implements LogEntry {}
}
