package dev.sampo.actors.run;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/** The running leases: who generates which group, how far it is, and when patience ends. */
public final class LeaseTable {

  /**
   * A running lease.
   *
   * @param id which attempt at which group
   * @param worker who holds it
   * @param oldestStep optimizer step of the oldest policy that can have sampled a token of it
   * @param tokens sampled tokens reported so far
   * @param lastProgress when the number of tokens last grew, or when the lease was granted
   */
  public record Entry(
      LeaseId id, String worker, long oldestStep, long tokens, Instant lastProgress) {}

  private final long term;
  private final Map<GroupId, Entry> running = new TreeMap<>();
  private final Map<String, Integer> numHeld = new HashMap<>(); // by worker, of those running
  private final Map<GroupId, Integer> attempts = new HashMap<>();

  /**
   * An empty table.
   *
   * @param term the coordinator's term, part of every lease id
   */
  public LeaseTable(long term) {
    this.term = term;
  }

  /** Opens the next attempt at a group. */
  public LeaseId grant(GroupId group, String worker, long minimumStep, Instant now) {
    LeaseId id = new LeaseId(term, group, attempts.merge(group, 1, Integer::sum));
    open(new Entry(id, worker, minimumStep, 0, now));
    return id;
  }

  /** Goes on with a lease that an earlier coordinator granted. */
  public void adopt(LeaseId id, String worker, long oldestStep, long tokens, Instant now) {
    open(new Entry(id, worker, oldestStep, tokens, now));
  }

  private void open(Entry entry) {
    close(entry.id().group());
    running.put(entry.id().group(), entry);
    numHeld.merge(entry.worker(), 1, Integer::sum);
  }

  /**
   * Renews a lease if it has more tokens than before.
   *
   * @return whether the lease is running; a worker stops generating one that is not
   */
  public boolean progress(LeaseId id, long oldestStep, long tokens, Instant now) {
    Entry entry = running.get(id.group());
    if (entry == null || !entry.id().equals(id)) {
      return false;
    }
    Instant last = tokens > entry.tokens() ? now : entry.lastProgress();
    running.put(id.group(), new Entry(id, entry.worker(), oldestStep, tokens, last));
    return true;
  }

  /** Renews a running lease whatever its number of tokens. */
  public void renew(LeaseId id, Instant now) {
    running.computeIfPresent(
        id.group(),
        (group, entry) ->
            entry.id().equals(id)
                ? new Entry(id, entry.worker(), entry.oldestStep(), entry.tokens(), now)
                : entry);
  }

  /** Whether the lease was granted in this term, running or not. */
  public boolean wasGranted(LeaseId id) {
    return id.term() == term && id.attempt() <= attempts.getOrDefault(id.group(), 0);
  }

  /** The running attempt at a group. */
  public Optional<Entry> running(GroupId group) {
    return Optional.ofNullable(running.get(group));
  }

  /** Running leases without progress for longer than {@code patience}. */
  public List<Entry> expired(Duration patience, Instant now) {
    return matching(entry -> entry.lastProgress().plus(patience).isBefore(now));
  }

  /** Running leases of a worker. */
  public List<Entry> heldBy(String worker) {
    return matching(entry -> entry.worker().equals(worker));
  }

  /** How many running leases a worker has. */
  public int numHeldBy(String worker) {
    return numHeld.getOrDefault(worker, 0);
  }

  /** Running leases that match, in group order; a copy. */
  public List<Entry> matching(Predicate<Entry> condition) {
    return running.values().stream().filter(condition).toList();
  }

  /** Ends a lease whatever came of it. */
  public void close(GroupId group) {
    Entry closed = running.remove(group);
    if (closed != null) {
      numHeld.computeIfPresent(closed.worker(), (worker, held) -> held == 1 ? null : held - 1);
    }
  }

  /** Forgets a group that ended. */
  public void forget(GroupId group) {
    close(group);
    attempts.remove(group);
  }
}
