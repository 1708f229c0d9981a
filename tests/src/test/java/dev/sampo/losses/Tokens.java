package dev.sampo.losses;

import java.util.Arrays;
import java.util.Optional;

/**
 * What a loss is computed from, right padded.
 *
 * @param logProbs current policy // [R, C]
 * @param old before the updates; empty stands for the current one
 * @param behaviour policy that sampled
 * @param reference reference model
 * @param mask 1 for live tokens
 * @param advantages // [R, 1] or [R, C]
 * @param entropies under the current policy
 * @param groups the prompt of each row // [R]
 */
@SuppressWarnings("ArrayRecordComponent")
record Tokens(
    double[][] logProbs,
    Optional<double[][]> old,
    double[][] behaviour,
    Optional<double[][]> reference,
    double[][] mask,
    double[][] advantages,
    double[][] entropies,
    int[] groups) {
  private static final double LARGEST_LOG_RATIO = 20;

  Tokens {
    requireRows("groups", groups.length, mask);
    requireRows("advantages", advantages.length, mask);
    if (advantages[0].length != 1) {
      requireShape("advantages", advantages, mask);
    }
    requireShape("logp", logProbs, mask);
    requireShape("entropies", entropies, mask);
    requireShape("sampling_logp", behaviour, mask);
    old.ifPresent(values -> requireShape("old_logp", values, mask));
    reference.ifPresent(values -> requireShape("ref_logp", values, mask));
  }

  private static void requireShape(String what, double[][] values, double[][] mask) {
    requireRows(what, values.length, mask);
    if (values[0].length != mask[0].length) {
      throw new UnsupportedCaseException(
          "%s has %d columns, the mask %d".formatted(what, values[0].length, mask[0].length));
    }
  }

  private static void requireRows(String what, int rows, double[][] mask) {
    if (rows != mask.length) {
      throw new UnsupportedCaseException(
          "%s has %d rows, the mask %d".formatted(what, rows, mask.length));
    }
  }

  /**
   * Reports a miss as what it is where log-ratios are larger than the objective lets them become.
   */
  void refuseMissBeyondLimit(Comparison comparison) {
    double[][] anchor = old.orElse(behaviour);
    boolean beyond =
        exceeds(anchor, logProbs)
            || exceeds(anchor, behaviour)
            || reference.filter(q -> exceeds(q, logProbs)).isPresent();
    if (beyond && comparison.miss().isPresent()) {
      throw new UnsupportedCaseException(
          "missing option: ratios beyond exp(20), at which the objective limits them");
    }
  }

  private boolean exceeds(double[][] some, double[][] others) {
    for (int row = 0; row < mask.length; row++) {
      for (int t = 0; t < mask[row].length; t++) {
        if (mask[row][t] == 1 && Math.abs(some[row][t] - others[row][t]) > LARGEST_LOG_RATIO) {
          return true;
        }
      }
    }
    return false;
  }

  /** Values as a matrix with one column. */
  static double[][] column(double[] values) {
    return Arrays.stream(values).mapToObj(v -> new double[] {v}).toArray(double[][]::new);
  }

  int numRows() {
    return mask.length;
  }

  int live(int row) {
    return (int) Arrays.stream(mask[row]).sum();
  }

  int live() {
    return (int) Arrays.stream(mask).flatMapToDouble(Arrays::stream).sum();
  }

  int liveRows() {
    return (int) Arrays.stream(mask).filter(row -> Arrays.stream(row).sum() > 0).count();
  }

  /** Live tokens of all rows about the prompt of a row. */
  int liveOfPrompt(int row) {
    int sum = 0;
    for (int i = 0; i < groups.length; i++) {
      sum += groups[i] == groups[row] ? live(i) : 0;
    }
    return sum;
  }

  /** Some of the rows, in the given order. */
  Tokens select(int[] rows) {
    return new Tokens(
        pick(logProbs, rows),
        old.map(o -> pick(o, rows)),
        pick(behaviour, rows),
        reference.map(q -> pick(q, rows)),
        pick(mask, rows),
        pick(advantages, rows),
        pick(entropies, rows),
        Arrays.stream(rows).map(r -> groups[r]).toArray());
  }

  private static double[][] pick(double[][] matrix, int[] rows) {
    return Arrays.stream(rows).mapToObj(r -> matrix[r]).toArray(double[][]::new);
  }
}
