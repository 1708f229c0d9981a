package dev.sampo.protocol;

/** One record of a rollout log; the order of the log is the order in which things happened. */
public sealed interface LogEntry {

  /** The buffer accepted this group. */
  record GroupRecorded(ScoredGroup group) implements LogEntry {}

  /**
   * The learner took this step. Each group it names is the latest record of that group before the
   * step: a group that grew too old is generated and recorded again.
   */
  record StepRecorded(StepCommitted step) implements LogEntry {}
}
