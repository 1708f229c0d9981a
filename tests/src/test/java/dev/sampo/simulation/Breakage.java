package dev.sampo.simulation;

/**
 * A rule of the protocol that is broken on purpose, by something that stands between the actors.
 */
enum Breakage {
  NONE,
  /** The verdict about a second attempt is turned round. */
  ACCEPT_TWICE,
  /** Results of an earlier term look like those of the present one. */
  SKIP_TERM_FENCE,
  /** The coordinator does not hear of groups that are given back by the learner's node. */
  FORGET_QUOTA,
  /** The recorder says that it has written, and writes later. */
  PUBLISH_BEFORE_COMMIT,
  /** The queue in front of the learner knows no bound. */
  IGNORE_STALENESS,
  /** A worker that finds no room forgets its group. */
  LOSE_ON_BUSY
}
