package dev.sampo.actors.engine;

import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.protocol.StepCommitted;
import java.util.Map;

/**
 * One step taken again.
 *
 * @param recorded the step of the recording
 * @param update what it came to this time
 */
public record ReplayedStep(StepCommitted recorded, Trainer.Update update) {

  /** Of this time. */
  public Map<String, Double> metrics() {
    return update.metrics();
  }

  /** Whether every weight came out with the same bits. */
  public boolean isBitwiseEqual() {
    return update instanceof Trainer.Update.Taken taken
        && recorded.version().weightsHash().equals(taken.committed().version().weightsHash());
  }
}
