package dev.sampo.actors.engine;

import dev.sampo.protocol.StepCommitted;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * One step taken again.
 *
 * @param recorded the step of the recording
 * @param replayed what it came to this time
 * @param metrics of this time
 */
public record ReplayedStep(
    StepCommitted recorded, StepCommitted replayed, Map<String, Double> metrics) {
  public ReplayedStep {
    metrics = Collections.unmodifiableSortedMap(new TreeMap<>(metrics));
  }

  /** Whether every weight came out with the same bits. */
  public boolean isBitwiseEqual() {
    return recorded.version().weightsHash().equals(replayed.version().weightsHash());
  }
}
