package dev.sampo.tasks.data;

/**
 * A position in the endless sequence of epochs.
 *
 * @param epoch passes over the data that are complete, from 0
 * @param position rows of this epoch that were taken
 */
public record DataCursor(long epoch, int position) {
  /** Before the first row. */
  public static final DataCursor START = new DataCursor(0, 0);

  public DataCursor {
    if (epoch < 0 || position < 0) {
      throw new IllegalArgumentException(
          "a data cursor has no negative part, got epoch " + epoch + ", position " + position);
    }
  }
}
