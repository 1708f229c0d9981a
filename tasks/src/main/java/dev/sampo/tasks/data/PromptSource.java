package dev.sampo.tasks.data;

import dev.sampo.protocol.GroupId;

/**
 * Visits the rows of a data set epoch after epoch, in the order of an {@link EpochOrder}. A {@link
 * GroupId} is the ordinal of the visit, so any visit can be repeated from its id alone. Not safe
 * for several threads.
 */
public final class PromptSource {
  private final DataSet data;
  private final EpochOrder order;
  private final int epochRows;
  private DataCursor next;
  private long orderedEpoch;
  private int[] rows; // of orderedEpoch, in visiting order

  /**
   * A source that goes on at {@code start}.
   *
   * @throws dev.sampo.tasks.DataException when there are too few rows for {@link
   *     EpochOrder#inWholeSteps}
   * @throws IllegalArgumentException when the position does not exist in this data set, as after
   *     rows were removed
   */
  public PromptSource(DataSet data, EpochOrder order, DataCursor start) {
    this.data = data;
    this.order = order;
    this.next = start;
    this.orderedEpoch = start.epoch();
    this.rows = order.rows(start.epoch(), data.size());
    this.epochRows = rows.length;
    if (start.position() >= epochRows) {
      throw new IllegalArgumentException(
          "an epoch of %d rows has no position %d".formatted(epochRows, start.position()));
    }
  }

  /** Rows that an epoch visits. */
  public int epochRows() {
    return epochRows;
  }

  /** Takes the next row. */
  public PromptVisit next() {
    PromptVisit visit = at(next);
    next =
        next.position() + 1 == epochRows
            ? new DataCursor(next.epoch() + 1, 0)
            : new DataCursor(next.epoch(), next.position() + 1);
    return visit;
  }

  /** Where {@link #next()} will read. */
  public DataCursor cursor() {
    return next;
  }

  /** Repeats a visit, for example to lease its group again, and leaves the cursor where it is. */
  public PromptVisit visit(GroupId id) {
    return at(new DataCursor(id.value() / epochRows, Math.toIntExact(id.value() % epochRows)));
  }

  private PromptVisit at(DataCursor cursor) {
    GroupId id = new GroupId(cursor.epoch() * epochRows + cursor.position());
    return new PromptVisit(id, cursor, data.row(rowAt(cursor)));
  }

  private int rowAt(DataCursor cursor) {
    if (orderedEpoch != cursor.epoch()) {
      rows = order.rows(cursor.epoch(), data.size());
      orderedEpoch = cursor.epoch();
    }
    return rows[cursor.position()];
  }
}
