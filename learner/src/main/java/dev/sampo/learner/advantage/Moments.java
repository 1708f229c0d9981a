package dev.sampo.learner.advantage;

import java.util.Arrays;

/**
 * Mean and standard deviation of some values.
 *
 * @param count how many
 * @param mean 0 for none
 * @param std 0 for fewer than two values, and exactly 0 when all are the same
 */
record Moments(int count, double mean, double std) {
  static Moments of(double[] values, Deviation deviation) {
    double mean = Arrays.stream(values).average().orElse(0);
    // Equal values may leave a rounding residue around their mean; it must not become a signal.
    if (Arrays.stream(values).distinct().count() <= 1) {
      return new Moments(values.length, mean, 0);
    }
    double squares = Arrays.stream(values).map(r -> (r - mean) * (r - mean)).sum();
    int divisor = deviation == Deviation.UNBIASED ? values.length - 1 : values.length;
    return new Moments(values.length, mean, Math.sqrt(squares / divisor));
  }
}
