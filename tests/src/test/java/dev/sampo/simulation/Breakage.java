package dev.sampo.simulation;

/**
 * A rule of the protocol that is broken on purpose, by something that stands between the actors.
 */
enum Breakage {
  NONE(""),
  /** The verdict about a second attempt is turned round. */
  ACCEPT_TWICE("only what is accepted for sure is called so"),
  /** The coordinator does not hear of groups that are given back by the learner's node. */
  FORGET_QUOTA("the run ends"),
  /** The coordinator does not hear of groups that others shall take the place of. */
  FORGET_REPLACED("the run ends"),
  /** The queue in front of the learner replaces whatever is useless. */
  REPLACE_WITHOUT_BOUND("no more groups are replaced than allowed"),
  /** The queue in front of the learner replaces nothing. */
  REPLACE_NOTHING("what another could replace is not learned from"),
  /** The learner hears that its step is durable before it is. */
  PUBLISH_BEFORE_COMMIT("a version is seen when its step is durable"),
  /** The queue in front of the learner knows no bound. */
  IGNORE_STALENESS("no token is older than"),
  /** A worker that finds no room forgets its group. */
  LOSE_ON_BUSY("no group is sent away that is still wanted"),
  /** What was accepted before a restart is not found in the recording. */
  FORGET_ACCEPTED("what is accepted and recorded is kept"),
  /** The first attempt without progress is the last. */
  BLAME_AT_ONCE("no good prompt is set aside"),
  /** Another attempt has another seed. */
  OTHER_SEEDS("every attempt at a group is the same"),
  /** After a restart the rows of the data set are others. */
  OTHER_PROMPTS("every attempt at a group is the same"),
  /** The learner gets its groups in the opposite order. */
  TURN_BATCH_ROUND("a batch is in the order of its groups"),
  /** A step waits for nobody. */
  CANCEL_AT_ONCE("no group is cancelled before a step has waited for it"),
  /** The judge of results is not told of weights that do not count. */
  TRUST_RESULTS("what abandoned weights sampled is not accepted");

  private final String rule;

  Breakage(String rule) {
    this.rule = rule;
  }

  /** How the checker calls the rule that shows it, from its first word. */
  String rule() {
    return rule;
  }
}
