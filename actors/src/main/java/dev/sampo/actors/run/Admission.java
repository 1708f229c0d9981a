package dev.sampo.actors.run;

import dev.sampo.actors.run.GroupDispatch.Verdict;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LogPlace;
import java.util.Collection;
import java.util.LongSummaryStatistics;
import java.util.Optional;
import java.util.function.Consumer;

/** Decides which results are accepted: one of each group, young enough, of weights that count. */
final class Admission {
  private final GroupLedger ledger;
  private final Leasing leasing;
  private final StalenessGate gate;
  private final Consumer<LedgerEvent> journal;

  /**
   * The entrance of a ledger.
   *
   * @param journal told of what is accepted or taken back; applies it to the ledger
   */
  Admission(
      GroupLedger ledger, Leasing leasing, StalenessGate gate, Consumer<LedgerEvent> journal) {
    this.ledger = ledger;
    this.leasing = leasing;
    this.gate = gate;
    this.journal = journal;
  }

  /** {@link GroupDispatch#offered}. */
  Verdict offered(LeaseId lease, Collection<PolicyVersion> versions) {
    return switch (ledger.state(lease.group()).orElse(null)) {
      case null -> new Verdict.Discard("group " + lease.group().value() + " is not of this run");
      case GroupState.Won won -> ofWinner(won.lease(), lease);
      case GroupState.Accepted accepted -> ofWinner(accepted.lease(), lease);
      case GroupState.End end -> new Verdict.Discard("the group ended: " + end);
      case GroupState.Waiting _, GroupState.Leased _ ->
          leasing.isOfThisRun(lease)
              ? judge(lease, versions)
              : new Verdict.Discard("lease of another term: " + lease.term());
    };
  }

  private static Verdict ofWinner(LeaseId winner, LeaseId lease) {
    return winner.equals(lease)
        ? new Verdict.Keep()
        : new Verdict.Discard(
            "attempt %d of term %d was first".formatted(winner.attempt(), winner.term()));
  }

  private Verdict judge(LeaseId lease, Collection<PolicyVersion> versions) {
    LongSummaryStatistics steps =
        versions.stream().mapToLong(PolicyVersion::step).summaryStatistics();
    if (!versions.stream().allMatch(ledger.history()::isPartOf)) {
      String foreign = "sampled by weights that are not part of the run: " + versions;
      leasing.giveBack(lease, foreign);
      return new Verdict.Discard(foreign);
    }
    Optional<String> tooOld = tooOld(steps.getMin());
    if (tooOld.isPresent()) {
      leasing.giveBack(lease, tooOld.get());
      return new Verdict.TooOld(tooOld.get());
    }
    leasing
        .table()
        .running(lease.group())
        .filter(entry -> !entry.id().equals(lease))
        .ifPresent(other -> leasing.giveBack(other.id(), "another attempt was first"));
    ledger.win(new GroupState.Won(lease, steps.getMin(), steps.getMax()));
    return new Verdict.Keep();
  }

  private Optional<String> tooOld(long oldestStep) {
    long step = ledger.history().step();
    return gate.isTooOld(oldestStep, step)
        ? Optional.of("sampled at step %d, the learner is at %d".formatted(oldestStep, step))
        : Optional.empty();
  }

  /** {@link GroupDispatch#recorded}. */
  Verdict recorded(LeaseId lease, Optional<LogPlace> place) {
    return switch (ledger.state(lease.group()).orElse(null)) {
      case GroupState.Won won when won.lease().equals(lease) -> {
        Optional<String> tooOld = tooOld(won.oldestStep());
        if (tooOld.isPresent()) {
          notKept(lease, tooOld.get());
          yield new Verdict.TooOld(tooOld.get());
        }
        journal.accept(
            new LedgerEvent.GroupAccepted(lease, won.oldestStep(), won.newestStep(), place));
        leasing.table().close(lease.group());
        yield new Verdict.Keep();
      }
      case GroupState.Accepted accepted -> ofWinner(accepted.lease(), lease);
      case null, default -> new Verdict.Discard("the lease was lost while it was recorded");
    };
  }

  /** {@link GroupDispatch#notKept}. */
  void notKept(LeaseId lease, String reason) {
    switch (ledger.state(lease.group()).orElse(null)) {
      case GroupState.Won won when won.lease().equals(lease) -> {
        if (leasing.running(lease).isPresent()) {
          leasing.giveBack(lease, reason);
        } else {
          ledger.release(lease); // it had expired before it was offered
        }
      }
      case GroupState.Accepted accepted when accepted.lease().equals(lease) ->
          journal.accept(new LedgerEvent.GroupReturned(lease.group(), reason));
      case null, default -> {} // it was taken back before
    }
  }
}
