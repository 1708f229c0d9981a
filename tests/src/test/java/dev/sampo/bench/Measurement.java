package dev.sampo.bench;

import java.util.List;

/**
 * One quantity, measured several times.
 *
 * @param name what was measured
 * @param unit of the samples
 * @param samples at least one, in the order they were taken
 */
record Measurement(String name, String unit, List<Double> samples) {
  Measurement {
    samples = List.copyOf(samples);
    if (samples.isEmpty()) {
      throw new IllegalArgumentException(name + " has no sample");
    }
  }

  double median() {
    List<Double> sorted = samples.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  double min() {
    return samples.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
  }

  double max() {
    return samples.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
  }
}
