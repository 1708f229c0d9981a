package dev.sampo.learner.guard;

/** What follows when a rule fires. */
public enum GuardAction {
  /** A line in the log and on the console. */
  WARN,
  /** A checkpoint, and the learner waits until somebody lets it go on. */
  PAUSE,
  /** A checkpoint, and the run ends as failed. */
  STOP
}
