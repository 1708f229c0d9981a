package dev.sampo.learner.sft;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** How a supervised step ended. Either way the next one has the next rows. */
public sealed interface SftStep {

  /** What was measured, by the names of metrics.jsonl. */
  SortedMap<String, Double> metrics();

  /** The weights have changed. */
  record Taken(SortedMap<String, Double> metrics) implements SftStep {
    public Taken {
      metrics = Collections.unmodifiableSortedMap(new TreeMap<>(metrics));
    }
  }

  /**
   * The weights are as they were, because the loss or a gradient was not finite.
   *
   * @param reason one line
   * @param rows the rows to blame, as far as that can be told
   */
  record Skipped(String reason, List<SftExample> rows, SortedMap<String, Double> metrics)
      implements SftStep {
    public Skipped {
      rows = List.copyOf(rows);
      metrics = Collections.unmodifiableSortedMap(new TreeMap<>(metrics));
    }
  }
}
