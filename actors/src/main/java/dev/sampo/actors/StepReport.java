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
}
