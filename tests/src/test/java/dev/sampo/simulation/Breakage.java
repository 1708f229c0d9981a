package dev.sampo.simulation;

/**
 * A rule of the protocol that is broken on purpose, by something that stands between the actors.
 */
enum Breakage {
  NONE(""),
  /** The verdict about a second attempt is turned round. */
  ACCEPT_TWICE("only what is accepted for sure is called so"),
  /** Results of an earlier term are taken for results of the present one. */
  SKIP_TERM_FENCE("nothing of an earlier term has an effect"),
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
  LOSE_ON_BUSY("no group is sent away that is still wanted");

  private final String rule;

  Breakage(String rule) {
    this.rule = rule;
  }

  /** How the checker calls the rule that shows it, from its first word. */
  String rule() {
    return rule;
  }
}
