package dev.sampo.actors.run;

import dev.sampo.protocol.CompletionGroup;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Groups that were too old, or would have become so, and are asked again with the same prompt and
 * seed. Long completions take longest, so their lengths tell whether age falls on them.
 *
 * @param numGroups groups sent back
 * @param lengths tokens of their completions
 */
public record SentBack(int numGroups, List<Double> lengths) {
  public static final SentBack NONE = new SentBack(0, List.of());

  public SentBack {
    lengths = List.copyOf(lengths);
  }

  /** A group that was finished. */
  public static SentBack finished(CompletionGroup group) {
    return new SentBack(
        1,
        group.completions().stream()
            .map(completion -> (double) completion.tokens().length())
            .toList());
  }

  /**
   * A group that was cancelled; each of its completions counts with the mean length so far.
   *
   * @param tokens sampled tokens that were reported, over all completions
   */
  public static SentBack cancelled(long tokens, int numCompletions) {
    return new SentBack(1, Collections.nCopies(numCompletions, (double) tokens / numCompletions));
  }

  /** Both. */
  public SentBack plus(SentBack other) {
    List<Double> all = new ArrayList<>(lengths);
    all.addAll(other.lengths);
    return new SentBack(numGroups + other.numGroups, all);
  }

  /** {@code staleness/returned_*}; lengths only where there are some. */
  public Map<String, Double> metrics() {
    Map<String, Double> metrics = new TreeMap<>();
    metrics.put("staleness/returned_groups", (double) numGroups);
    if (!lengths.isEmpty()) {
      var statistics = lengths.stream().mapToDouble(Double::doubleValue).summaryStatistics();
      metrics.put("staleness/returned_length_mean", statistics.getAverage());
      metrics.put("staleness/returned_length_min", statistics.getMin());
      metrics.put("staleness/returned_length_max", statistics.getMax());
    }
    return metrics;
  }
}
