package dev.sampo.actors.pipeline;

import dev.sampo.tasks.DurationText;
import java.time.Duration;

/** A node gives up; the message is one line for its operator. */
public final class WaitedTooLongException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * The end of a node's patience.
   *
   * @param what it waited for, and why that may not have come
   */
  public WaitedTooLongException(Duration patience, String what) {
    super("waited %s (node.patience) for %s".formatted(DurationText.of(patience), what));
  }
}
