package dev.sampo.protocol.log;

import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import java.util.List;
import java.util.OptionalDouble;

/**
 * One step of the surviving history with what it was trained on.
 *
 * @param step the step
 * @param loss what it came to; empty if nothing was trained on, or the recording does not say
 * @param groups its groups, in the order of the step
 */
public record RecordedStep(StepCommitted step, OptionalDouble loss, List<ScoredGroup> groups) {
  public RecordedStep {
    groups = List.copyOf(groups);
  }

  /** Steps taken when it was taken, from 1. */
  public long number() {
    return step.version().step();
  }
}
