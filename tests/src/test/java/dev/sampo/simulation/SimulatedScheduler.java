package dev.sampo.simulation;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import org.apache.pekko.actor.AbstractScheduler;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.event.LoggingAdapter;
import scala.concurrent.ExecutionContext;
import scala.concurrent.duration.FiniteDuration;

/** The timers of the actor system, on virtual time; named in the configuration. */
public final class SimulatedScheduler extends AbstractScheduler {

  /** Called by the actor system. */
  public SimulatedScheduler(Config config, LoggingAdapter log, ThreadFactory threads) {}

  @Override
  @SuppressWarnings("deprecation") // abstract all the same: the methods that replace it call it
  public Cancellable schedule(
      FiniteDuration initialDelay,
      FiniteDuration interval,
      Runnable runnable,
      ExecutionContext executor) {
    return new Repetition(Duration.ofNanos(interval.toNanos()), runnable)
        .start(Duration.ofNanos(initialDelay.toNanos()));
  }

  @Override
  public Cancellable scheduleOnce(
      FiniteDuration delay, Runnable runnable, ExecutionContext executor) {
    return SimulatedSystem.schedule().after(Duration.ofNanos(delay.toNanos()), runnable);
  }

  @Override
  public double maxFrequency() {
    return 1e9;
  }

  private static final class Repetition implements Cancellable {
    private final Duration interval;
    private final Runnable work;
    private boolean cancelled;

    Repetition(Duration interval, Runnable work) {
      this.interval = interval;
      this.work = work;
    }

    Repetition start(Duration delay) {
      SimulatedSystem.schedule()
          .after(
              delay,
              () -> {
                if (!cancelled) {
                  work.run();
                  start(interval);
                }
              });
      return this;
    }

    @Override
    public boolean cancel() {
      boolean first = !cancelled;
      cancelled = true;
      return first;
    }

    @Override
    public boolean isCancelled() {
      return cancelled;
    }
  }
}
