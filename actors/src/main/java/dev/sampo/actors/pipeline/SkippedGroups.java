package dev.sampo.actors.pipeline;

import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import java.util.List;

/** Keeps the groups that made an update not finite, for inspection. */
@FunctionalInterface
public interface SkippedGroups {

  /**
   * Keeps those of a step that are to blame; none if there are none.
   *
   * @param policy the policy after the step
   * @param groups all groups of the step
   * @param update how it ended
   */
  void keep(PolicyVersion policy, List<ScoredGroup> groups, Trainer.Update update);
}
