package dev.sampo.actors.pipeline;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * How long a role has been at work. Several workers of one role add up. Safe for several threads.
 */
public final class BusyClock {
  private final LongSupplier nanoTime;
  private long busyNanos;
  private long lastChange;
  private int working;

  /**
   * A clock that stands.
   *
   * @param nanoTime the time, as {@link System#nanoTime()}
   */
  public BusyClock(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.lastChange = nanoTime.getAsLong();
  }

  /** One worker begins. */
  public synchronized void start() {
    advance();
    working++;
  }

  /** One worker ends. */
  public synchronized void stop() {
    advance();
    working--;
  }

  /** Worker time so far: two workers for one second are two seconds. */
  public synchronized Duration total() {
    advance();
    return Duration.ofNanos(busyNanos);
  }

  private void advance() {
    long now = nanoTime.getAsLong();
    busyNanos += (now - lastChange) * working;
    lastChange = now;
  }
}
