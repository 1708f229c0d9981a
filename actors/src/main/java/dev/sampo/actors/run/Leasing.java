package dev.sampo.actors.run;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Grants, adopts and ends leases: keeps table and ledger in step and tells whoever listens. Nothing
 * is granted or adopted before a term is begun.
 */
final class Leasing {
  private final GroupLedger ledger;
  private final Consumer<LeaseEvent> log;
  private final SilentWorkers silent;
  private LeaseTable table = new LeaseTable(0);
  private boolean isOpen;

  Leasing(GroupLedger ledger, Consumer<LeaseEvent> log, Duration patience) {
    this.ledger = ledger;
    this.log = log;
    this.silent = new SilentWorkers(patience);
  }

  /** Begins the term that the ledger is in; no lease is running then. */
  void beginTerm() {
    table = new LeaseTable(ledger.history().term());
    isOpen = true;
  }

  boolean isOpen() {
    return isOpen;
  }

  /** Who makes no progress. */
  SilentWorkers silent() {
    return silent;
  }

  /** Who holds what. */
  LeaseTable table() {
    return table;
  }

  /** Opens the next attempt at a group that waits. */
  LeaseId grant(GroupId group, String worker, long minimumStep, Instant now) {
    LeaseId id = table.grant(group, worker, minimumStep, now);
    ledger.lease(id);
    log.accept(new LeaseEvent.Granted(id));
    return id;
  }

  /**
   * Notes that a worker goes on with a group, be it of a term before.
   *
   * @param mayAdopt whether one of a term before may go on
   * @return whether the lease is still wanted
   */
  boolean progress(
      LeaseId lease, String worker, long oldestStep, long tokens, boolean mayAdopt, Instant now) {
    if (isOpen
        && mayAdopt
        && isOfTermBefore(lease)
        && ledger.state(lease.group()).orElse(null) instanceof GroupState.Waiting) {
      table.adopt(lease, worker, oldestStep, tokens, now);
      ledger.lease(lease);
      log.accept(new LeaseEvent.Granted(lease));
      return true;
    }
    noteProgress(lease, worker, tokens);
    return !isOpen || table.progress(lease, oldestStep, tokens, now);
  }

  private void noteProgress(LeaseId lease, String worker, long tokens) {
    Optional<LeaseTable.Entry> running = running(lease);
    if (running.isEmpty()) {
      silent.goesOn(lease, worker, tokens);
    } else if (tokens > running.get().tokens()) {
      silent.showsProgress(worker);
    }
  }

  /** Ends a lease without a result, if it is running; the group waits again. */
  void giveBack(LeaseId lease, String reason) {
    running(lease)
        .ifPresent(entry -> {
          table.close(lease.group());
          ledger.release(lease);
          log.accept(new LeaseEvent.Lost(lease, entry.tokens(), reason));
        });
  }

  /** What is known of a lease, if it is running. */
  Optional<LeaseTable.Entry> running(LeaseId lease) {
    return table.running(lease.group()).filter(entry -> entry.id().equals(lease));
  }

  /** Granted in this term, or by an earlier coordinator in a history that still counts. */
  boolean isOfThisRun(LeaseId lease) {
    return table.wasGranted(lease) || isOfTermBefore(lease);
  }

  private boolean isOfTermBefore(LeaseId lease) {
    return lease.term() < ledger.history().term()
        && lease.term() >= ledger.history().firstTermOfLeases();
  }
}
