package dev.sampo.tasks.data;

import dev.sampo.protocol.GroupId;
import dev.sampo.tasks.SeedMixer;
import java.util.Random;

/**
 * Visits the rows of a data set epoch after epoch, each epoch in its own order. The order depends
 * only on the seed, the epoch and the number of rows, and a {@link GroupId} is the ordinal of the
 * visit, so any visit can be repeated from its id alone. Not safe for several threads.
 */
public final class PromptSource {
  /** How the rows of an epoch are ordered. */
  public enum Order {
    /** As the files have them. */
    FILE,
    /** Shuffled anew for every epoch. */
    SHUFFLED
  }

  private final DataSet data;
  private final Order order;
  private final long seed;
  private DataCursor next;
  private long orderedEpoch = -1;
  private int[] rows = {}; // of orderedEpoch, in visiting order

  /**
   * A source that goes on at {@code start}.
   *
   * @param seed the seed of the run
   * @throws IllegalArgumentException when the position does not exist in this data set, as after
   *     rows were removed
   */
  public PromptSource(DataSet data, Order order, long seed, DataCursor start) {
    if (start.position() >= data.size()) {
      throw new IllegalArgumentException(
          "a data set of %d rows has no position %d".formatted(data.size(), start.position()));
    }
    this.data = data;
    this.order = order;
    this.seed = seed;
    this.next = start;
  }

  /** Takes the next row. */
  public PromptVisit next() {
    PromptVisit visit = at(next);
    next =
        next.position() + 1 == data.size()
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
    return at(new DataCursor(id.value() / data.size(), Math.toIntExact(id.value() % data.size())));
  }

  private PromptVisit at(DataCursor cursor) {
    GroupId id = new GroupId(cursor.epoch() * data.size() + cursor.position());
    return new PromptVisit(id, cursor, data.row(rowAt(cursor)));
  }

  private int rowAt(DataCursor cursor) {
    if (order == Order.FILE) {
      return cursor.position();
    }
    if (orderedEpoch != cursor.epoch()) {
      rows = shuffled(data.size(), SeedMixer.random(seed, cursor.epoch()));
      orderedEpoch = cursor.epoch();
    }
    return rows[cursor.position()];
  }

  /** The numbers 0 to {@code size - 1} in random order (Fisher and Yates, from the end). */
  private static int[] shuffled(int size, Random random) {
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      order[i] = i;
    }
    for (int i = size - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }
}
