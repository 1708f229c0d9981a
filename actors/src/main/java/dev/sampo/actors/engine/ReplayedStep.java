package dev.sampo.actors.engine;

import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import java.util.List;
import java.util.Map;

/**
 * One step taken again.
 *
 * @param recorded the step of the recording
 * @param groups what it was taken on
 * @param update what it came to this time
 * @param version of the policy after it
 */
public record ReplayedStep(
    StepCommitted recorded,
    List<ScoredGroup> groups,
    Trainer.Update update,
    PolicyVersion version) {
  public ReplayedStep {
    groups = List.copyOf(groups);
  }

  /** Of this time. */
  public Map<String, Double> metrics() {
    return update.metrics();
  }

  /** Whether every weight came out with the same bits. */
  public boolean isBitwiseEqual() {
    return recorded.version().weightsHash().equals(version.weightsHash());
  }
}
