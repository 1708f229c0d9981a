package dev.sampo.vlm.weights;

import java.lang.foreign.MemorySegment;

/**
 * Where a file keeps a parameter: some of the rows of one of its tensors. The rows come in groups
 * of one size, and the parameter is the same stretch of each, laid end to end.
 *
 * <pre>
 *   query and key of two heads, stored head by head       q q k | q q k
 *   the queries are a slice of 2 groups of 3 rows, from 0, 2 of each
 * </pre>
 *
 * @param tensor name in the file
 * @param groups how many groups the rows of the tensor form
 * @param rowsPerGroup rows of a group
 * @param from first row of the stretch in each group
 * @param rows rows of the stretch
 */
public record StoredSlice(String tensor, long groups, long rowsPerGroup, long from, long rows) {
  public StoredSlice {
    if (groups < 1 || from < 0 || rows < 1 || from + rows > rowsPerGroup) {
      throw new IllegalArgumentException(
          "%s: rows %d to %d do not lie in %d groups of %d rows"
              .formatted(tensor, from, from + rows, groups, rowsPerGroup));
    }
  }

  /** A whole tensor. */
  public static StoredSlice whole(String tensor, Parameter parameter) {
    long rows = parameter.shape().isEmpty() ? 1 : parameter.shape().getFirst();
    return new StoredSlice(tensor, 1, rows, 0, rows);
  }

  /** Whether the parameter is all of the tensor. */
  public boolean isWhole() {
    return groups == 1 && rows == rowsPerGroup;
  }

  /**
   * Copies the bytes of the tensor's rows that belong to the parameter.
   *
   * @param whole bytes of the tensor
   * @param part bytes of the parameter
   */
  void gather(MemorySegment whole, MemorySegment part) {
    long stretch = part.byteSize() / groups;
    for (long group = 0; group < groups; group++) {
      MemorySegment.copy(whole, start(group, stretch), part, group * stretch, stretch);
    }
  }

  /** The way back of {@link #gather}. */
  void scatter(MemorySegment part, MemorySegment whole) {
    long stretch = part.byteSize() / groups;
    for (long group = 0; group < groups; group++) {
      MemorySegment.copy(part, group * stretch, whole, start(group, stretch), stretch);
    }
  }

  private long start(long group, long stretch) {
    return (group * rowsPerGroup + from) * (stretch / rows);
  }
}
