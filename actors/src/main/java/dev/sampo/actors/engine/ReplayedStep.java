package dev.sampo.actors.engine;

import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.log.RecordedStep;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * One step taken again.
 *
 * @param original what the recording has of it
 * @param update what it came to this time
 * @param version of the policy after it
 */
public record ReplayedStep(RecordedStep original, Trainer.Update update, PolicyVersion version) {

  /** The step of the recording. */
  public StepCommitted recorded() {
    return original.step();
  }

  /** What it was taken on. */
  public List<ScoredGroup> groups() {
    return original.groups();
  }

  /** Of this time. */
  public Map<String, Double> metrics() {
    return update.metrics();
  }

  /** How far the loss is from the recorded one; empty where there are not two of them. */
  public OptionalDouble lossDifference() {
    return update instanceof Trainer.Update.Taken taken
            && taken.loss().isPresent()
            && original.loss().isPresent()
        ? OptionalDouble.of(Math.abs(taken.loss().getAsDouble() - original.loss().getAsDouble()))
        : OptionalDouble.empty();
  }

  /** Whether every weight came out with the same bits. */
  public boolean isBitwiseEqual() {
    return recorded().version().weightsHash().equals(version.weightsHash());
  }
}
