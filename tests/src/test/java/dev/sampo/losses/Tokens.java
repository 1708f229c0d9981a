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
