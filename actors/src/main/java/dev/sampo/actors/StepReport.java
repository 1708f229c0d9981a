package dev.sampo.actors;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * The measurements of one optimizer step.
 *
 * @param step the step that resulted, from 1
 * @param metrics by name, for example {@code reward}, {@code staleness/max}, {@code time/step}
 */
public record StepReport(long step, Map<String, Double> metrics) {
  public StepReport {
    metrics = Collections.unmodifiableSortedMap(new TreeMap<>(metrics));
  }

  /** The same step with one more measurement. */
  public StepReport with(String name, double value) {
    Map<String, Double> more = new TreeMap<>(metrics);
    more.put(name, value);
    return new StepReport(step, more);
  }
}
