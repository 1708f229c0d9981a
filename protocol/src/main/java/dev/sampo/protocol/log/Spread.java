package dev.sampo.protocol.log;

import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * How whole numbers are spread.
 *
 * @param count how many there are; the rest is 0 if there are none
 * @param min the smallest
 * @param median half of them are not above it
 * @param high nine tenths of them are not above it
 * @param max the largest
 */
public record Spread(long count, long min, long median, long high, long max) {

  /** Counts numbers by their value. */
  static final class Counts {
    private final NavigableMap<Long, Long> counts = new TreeMap<>();

    void add(long value) {
      counts.merge(value, 1L, Long::sum);
    }

    Spread spread() {
      long count = counts.values().stream().mapToLong(Long::longValue).sum();
      return count == 0
          ? new Spread(0, 0, 0, 0, 0)
          : new Spread(
              count, counts.firstKey(), share(count, 0.5), share(count, 0.9), counts.lastKey());
    }

    /** The smallest value that a share of the numbers is not above. */
    private long share(long count, double share) {
      double wanted = share * count;
      long seen = 0;
      for (Map.Entry<Long, Long> entry : counts.entrySet()) {
        seen += entry.getValue();
        if (seen >= wanted) {
          return entry.getKey();
        }
      }
      return counts.lastKey();
    }
  }
}
