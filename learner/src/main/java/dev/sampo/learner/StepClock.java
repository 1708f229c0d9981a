package dev.sampo.learner;

import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/** Seconds spent in the phases of one step. */
final class StepClock {
  private final SortedMap<String, Long> nanos = new TreeMap<>();

  <T> T time(String phase, Supplier<T> work) {
    long start = System.nanoTime();
    try {
      return work.get();
    } finally {
      nanos.merge(phase, System.nanoTime() - start, Long::sum);
    }
  }

  void time(String phase, Runnable work) {
    time(
        phase,
        () -> {
          work.run();
          return Boolean.TRUE;
        });
  }

  /** {@code time/<phase>} in seconds. */
  SortedMap<String, Double> metrics() {
    SortedMap<String, Double> metrics = new TreeMap<>();
    nanos.forEach((phase, time) -> metrics.put("time/" + phase, time / 1e9));
    return metrics;
  }
}
