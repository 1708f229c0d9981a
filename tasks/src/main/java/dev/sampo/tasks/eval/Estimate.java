package dev.sampo.tasks.eval;

import java.util.List;

/**
 * A mean and how sure it is.
 *
 * @param mean of the values
 * @param standardError sample standard deviation over the square root of their number; 0 for one
 *     value, about which nothing is known
 */
public record Estimate(double mean, double standardError) {

  /** The estimate from independent values, of which there is at least one. */
  public static Estimate of(List<Double> values) {
    int n = values.size();
    if (n == 0) {
      throw new IllegalArgumentException("an estimate needs at least 1 value");
    }
    double mean = values.stream().mapToDouble(Double::doubleValue).sum() / n;
    double squares = values.stream().mapToDouble(value -> (value - mean) * (value - mean)).sum();
    return new Estimate(mean, n == 1 ? 0 : Math.sqrt(squares / (n - 1) / n));
  }
}
