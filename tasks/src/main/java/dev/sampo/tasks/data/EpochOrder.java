package dev.sampo.tasks.data;

import dev.sampo.tasks.DataException;
import dev.sampo.tasks.SeedMixer;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

/** Which rows of a data set an epoch visits, in which order. */
@FunctionalInterface
public interface EpochOrder {
  /**
   * Rows of an epoch. Every epoch has as many, and a call with the same arguments gives the same.
   *
   * @param epoch from 0
   * @param numRows rows of the data set
   * @return distinct numbers from 0 to {@code numRows - 1}, in visiting order
   */
  int[] rows(long epoch, int numRows);

  /** All rows, as the files have them. */
  static EpochOrder ofFiles() {
    return (epoch, numRows) -> IntStream.range(0, numRows).toArray();
  }

  /** All rows, shuffled anew for every epoch; the order follows from seed, epoch and number. */
  static EpochOrder shuffled(long seed) {
    return (epoch, numRows) -> shuffle(numRows, SeedMixer.random(seed, epoch));
  }

  /**
   * This order without the rows at its end that do not fill a step, so that no step has rows of two
   * epochs.
   *
   * @param rowsPerStep rows of one step; a data set with fewer is refused
   */
  default EpochOrder inWholeSteps(int rowsPerStep) {
    return (epoch, numRows) -> {
      if (numRows < rowsPerStep) {
        throw new DataException(
            "data.drop-last leaves no row: there are %d and a step takes %d"
                .formatted(numRows, rowsPerStep));
      }
      return Arrays.copyOf(rows(epoch, numRows), numRows - numRows % rowsPerStep);
    };
  }

  /** Fisher and Yates, from the end. */
  private static int[] shuffle(int size, Random random) {
    int[] order = IntStream.range(0, size).toArray();
    for (int i = size - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }
}
