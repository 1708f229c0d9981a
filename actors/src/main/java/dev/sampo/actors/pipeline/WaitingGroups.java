package dev.sampo.actors.pipeline;

import dev.sampo.protocol.LeaseId;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finished groups that cannot be handed on now. Says so, with the reason, when one has waited for a
 * while, and then once a minute as long as any does. From any thread.
 */
final class WaitingGroups {
  private static final Logger LOG = LoggerFactory.getLogger(WaitingGroups.class);
  private static final long PAUSE_NANOS = Duration.ofMinutes(1).toNanos();

  private final Duration quiet;
  private final Map<LeaseId, Long> since = new HashMap<>(); // nanoTime
  private OptionalLong said = OptionalLong.empty(); // nanoTime

  /**
   * None waits.
   *
   * @param quiet how long one waits before anything is said
   */
  WaitingGroups(Duration quiet) {
    this.quiet = quiet;
  }

  /** A group could not be handed on and will be tried again. */
  synchronized void waits(LeaseId lease, String reason) {
    long now = System.nanoTime();
    long waited = now - since.computeIfAbsent(lease, unseen -> now);
    if (waited >= quiet.toNanos() && (said.isEmpty() || now - said.getAsLong() >= PAUSE_NANOS)) {
      said = OptionalLong.of(now);
      LOG.warn(
          "finished groups wait, {} for {} s: {}",
          lease,
          Duration.ofNanos(waited).toSeconds(),
          reason);
    }
  }

  /** A group got one step further. */
  synchronized void goesOn(LeaseId lease) {
    since.remove(lease);
  }
}
