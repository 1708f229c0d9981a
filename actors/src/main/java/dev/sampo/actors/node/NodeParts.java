package dev.sampo.actors.node;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a node does: one part per role it has.
 *
 * @param learner trains, reads the data, owns the ledger
 * @param rollout generates groups
 * @param reward scores groups
 */
public record NodeParts(
    Optional<LearnerPart> learner, Optional<RolloutPart> rollout, Optional<RewardPart> reward) {

  /** The cluster roles of a node with these parts. */
  List<String> roles() {
    List<String> roles = new ArrayList<>();
    learner.ifPresent(part -> roles.add("learner"));
    rollout.ifPresent(part -> roles.add("rollout"));
    reward.ifPresent(part -> roles.add("reward"));
    return roles;
  }
}
