package dev.sampo.actors.run;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * Workers that let a lease expire, and at which groups. A worker that did gets no lease until it
 * shows progress; because one that has nothing to do can show none, it is tried with a single lease
 * after a while, which doubles each time.
 *
 * <p>An attempt speaks against its group when the worker is another one than those before, or has
 * shown progress since its last attempt at it. So a worker that hangs costs no group anything but
 * time, even if it is the only one.
 */
final class SilentWorkers {
  private static final int MOST_DOUBLINGS = 5;

  /**
   * An attempt that brought nothing.
   *
   * @param tokens that were reported
   * @param progress how often its worker had shown progress
   */
  private record Attempt(LeaseId lease, long tokens, long progress) {}

  private record Silence(int times, Instant until) {}

  private static final class Blame {
    private final Map<String, Attempt> lastByWorker = new HashMap<>();
    private int attempts;
  }

  private final Duration patience;
  private final Map<String, Silence> silent = new HashMap<>();
  private final Map<String, Long> progress = new HashMap<>(); // how often each worker showed some
  private final Map<GroupId, Blame> blames = new HashMap<>();

  /**
   * No worker is silent.
   *
   * @param patience until a silent worker is first tried again
   */
  SilentWorkers(Duration patience) {
    this.patience = patience;
  }

  /**
   * A lease expired.
   *
   * @return how many attempts speak against its group now
   */
  int expired(LeaseTable.Entry entry, Instant now) {
    String worker = entry.worker();
    Silence before = silent.getOrDefault(worker, new Silence(0, now));
    if (!before.until().isAfter(now)) {
      Duration pause = patience.multipliedBy(1L << Math.min(before.times(), MOST_DOUBLINGS));
      silent.put(worker, new Silence(before.times() + 1, now.plus(pause)));
    }
    long shown = progress.getOrDefault(worker, 0L);
    Blame blame = blames.computeIfAbsent(entry.id().group(), group -> new Blame());
    Attempt last = blame.lastByWorker.put(worker, new Attempt(entry.id(), entry.tokens(), shown));
    if (last == null || last.progress() < shown) {
      blame.attempts++;
    }
    return blame.attempts;
  }

  /** A worker has sampled something. */
  void showsProgress(String worker) {
    silent.remove(worker);
    progress.merge(worker, 1L, Long::sum);
  }

  /** A worker reports a lease that is not running; it may be one that expired. */
  void goesOn(LeaseId lease, String worker, long tokens) {
    Blame blame = blames.get(lease.group());
    Attempt last = blame == null ? null : blame.lastByWorker.get(worker);
    if (last != null && last.lease().equals(lease) && tokens > last.tokens()) {
      showsProgress(worker);
    }
  }

  boolean isSilent(String worker) {
    return silent.containsKey(worker);
  }

  /** Whether a worker may get a lease besides those that it has. */
  boolean mayTake(String worker, int numHeld, Instant now) {
    Silence silence = silent.get(worker);
    return silence == null || (numHeld == 0 && !silence.until().isAfter(now));
  }

  /** Whether a worker let a lease of this group expire. */
  boolean failedAt(String worker, GroupId group) {
    Blame blame = blames.get(group);
    return blame != null && blame.lastByWorker.containsKey(worker);
  }

  /** Forgets a worker that left; what it says about groups stays. */
  void forget(String worker) {
    silent.remove(worker);
    progress.remove(worker);
  }

  /** Forgets a group that ended. */
  void forget(GroupId group) {
    blames.remove(group);
  }
}
