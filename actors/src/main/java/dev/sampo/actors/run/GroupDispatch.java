package dev.sampo.actors.run;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.SamplingSettings;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Decides which group is generated, by whom, and what becomes of the result: the ledger, the lease
 * table and the staleness gate behind one set of questions.
 *
 * <p>A lease is granted only within the gate's quota, so that at any time the groups that are
 * running or wait for the learner are few enough to be trained on before they are too old. Every
 * end of a group returns its quota.
 */
public final class GroupDispatch {

  /**
   * What is the same for every lease.
   *
   * @param seed the run's seed; the seed of a group derives from it and the group id alone
   * @param groupSize completions of a group, G
   * @param sampling how completions are sampled
   * @param patience a lease expires without progress for this long
   * @param maxAttempts attempts without progress after which a group is set aside
   */
  public record Terms(
      long seed, int groupSize, SamplingSettings sampling, Duration patience, int maxAttempts) {}

  /** What becomes of a result. */
  public sealed interface Verdict {
    /** It is kept and will be learned from unless it grows too old. */
    record Keep() implements Verdict {}

    /** It is not wanted, and neither is it ever again. */
    record Discard(String reason) implements Verdict {}
  }

  private final Terms terms;
  private final StalenessGate gate;
  private final PromptFeed feed;
  private final Consumer<LedgerEvent> journal;
  private final GroupLedger ledger = new GroupLedger();
  private final LeaseTable leases;
  private final Map<GroupId, Prompt> openPrompts = new HashMap<>();
  private long nextGroup;
  private long step;

  /**
   * A run at its start.
   *
   * @param term the coordinator's term
   * @param journal gets every event in order, after it took effect
   */
  public GroupDispatch(
      long term, Terms terms, StalenessGate gate, PromptFeed feed, Consumer<LedgerEvent> journal) {
    this.journal = journal;
    this.terms = terms;
    this.gate = gate;
    this.feed = feed;
    this.leases = new LeaseTable(term);
  }

  /** Grants one lease if the quota allows it and there is a prompt. */
  public Optional<RolloutLease> grant(String worker, Instant now) {
    GroupLedger.Counts counts = ledger.counts();
    long kept = (long) counts.accepted() + counts.trained();
    if (gate.quota(step, kept, leases.numRunning()) == 0) {
      return Optional.empty();
    }
    long minimumStep = gate.minimumStep(kept + leases.numRunning());
    return nextPrompt().map(group -> lease(group, worker, minimumStep, now));
  }

  private RolloutLease lease(GroupId group, String worker, long minimumStep, Instant now) {
    LeaseId id = leases.grant(group, worker, minimumStep, now);
    note(new LedgerEvent.Granted(id));
    return new RolloutLease(
        id,
        Objects.requireNonNull(openPrompts.get(group)),
        terms.groupSize(),
        terms.sampling(),
        GroupSeeds.of(terms.seed(), group),
        minimumStep,
        terms.patience());
  }

  private Optional<GroupId> nextPrompt() {
    Optional<GroupId> waiting = ledger.firstWaiting();
    while (waiting.isEmpty()) {
      GroupId group = new GroupId(nextGroup);
      switch (feed.next()) {
        case PromptFeed.Visit.Exhausted _ -> {
          return Optional.empty();
        }
        case PromptFeed.Visit.Bad bad -> {
          open(group);
          end(group, new GroupState.SetAside(bad.source() + ": " + bad.reason()));
        }
        case PromptFeed.Visit.Ready ready -> {
          open(group);
          openPrompts.put(group, ready.prompt());
          waiting = Optional.of(group);
        }
      }
    }
    return waiting;
  }

  private void note(LedgerEvent event) {
    ledger.apply(event);
    journal.accept(event);
  }

  private void open(GroupId group) {
    note(new LedgerEvent.Opened(group));
    nextGroup++;
  }

  /**
   * Notes that a worker goes on with a group.
   *
   * @return whether the lease is still wanted
   */
  public boolean progress(LeaseId lease, long oldestStep, long tokens, Instant now) {
    return leases.progress(lease, oldestStep, tokens, now);
  }

  /**
   * Whether a result of this attempt might still be accepted, also when the lease is not running.
   */
  public boolean isWanted(LeaseId lease) {
    return isOpen(lease.group()) && leases.wasGranted(lease);
  }

  private boolean isOpen(GroupId group) {
    return switch (ledger.state(group).orElse(null)) {
      case GroupState.Waiting _, GroupState.Leased _ -> true;
      case null, default -> false;
    };
  }

  /** Keeps a lease alive whose worker has to wait. */
  public void renew(LeaseId lease, Instant now) {
    leases.renew(lease, now);
  }

  /**
   * Decides about a scored result. The first attempt that gets here wins, also when its lease has
   * expired meanwhile; asking again about the winner gives the same answer.
   *
   * @param oldestStep step of the oldest policy that sampled a token of it
   */
  public Verdict offered(LeaseId lease, long oldestStep) {
    return switch (ledger.state(lease.group()).orElse(null)) {
      case null -> new Verdict.Discard("group " + lease.group().value() + " is not of this run");
      case GroupState.Accepted(LeaseId winner, long _) when winner.equals(lease) ->
          new Verdict.Keep();
      case GroupState.Accepted(LeaseId winner, long _) ->
          new Verdict.Discard("attempt " + winner.attempt() + " was first");
      case GroupState.End end -> new Verdict.Discard("the group ended: " + end);
      case GroupState.Waiting _, GroupState.Leased _ ->
          leases.wasGranted(lease)
              ? judge(lease, oldestStep)
              : new Verdict.Discard("lease of another term: " + lease.term());
    };
  }

  private Verdict judge(LeaseId lease, long oldestStep) {
    if (gate.isTooOld(oldestStep, step)) {
      giveBack(lease, "too old");
      return new Verdict.Discard("sampled at step " + oldestStep + ", the learner is at " + step);
    }
    note(new LedgerEvent.Accepted(lease, oldestStep));
    leases.close(lease.group());
    return new Verdict.Keep();
  }

  /** Ends a lease that brings no result through no fault of the prompt; the group waits again. */
  public void giveBack(LeaseId lease, String reason) {
    if (isRunning(lease)) {
      leases.close(lease.group());
      note(new LedgerEvent.Lost(lease, reason));
    }
  }

  /** Ends a lease that made no progress; after too many of them the group is set aside. */
  public void expire(LeaseId lease) {
    if (!isRunning(lease)) {
      return;
    }
    giveBack(lease, "no progress for " + terms.patience());
    if (leases.countFruitless(lease.group()) >= terms.maxAttempts()) {
      end(
          lease.group(),
          new GroupState.SetAside("no progress in " + terms.maxAttempts() + " attempts"));
    }
  }

  /** Ends a group whose prompt turned out to be impossible to ask or to score. */
  public void setAside(LeaseId lease, String reason) {
    if (isWanted(lease)) {
      end(lease.group(), new GroupState.SetAside(reason));
    }
  }

  /** Ends accepted groups that the learner cannot learn from. */
  public void setAside(List<GroupId> groups, String reason) {
    groups.forEach(group -> end(group, new GroupState.SetAside(reason)));
  }

  /** Takes back accepted groups that the learner can no longer use. */
  public void returned(List<GroupId> groups, String reason) {
    for (GroupId group : groups) {
      note(new LedgerEvent.Returned(group, reason));
    }
  }

  /** Takes back an attempt that was accepted, if it was, because it could not be kept. */
  public void notKept(LeaseId lease, String reason) {
    if (ledger.state(lease.group()).orElse(null) instanceof GroupState.Accepted accepted
        && accepted.lease().equals(lease)) {
      returned(List.of(lease.group()), reason);
    }
  }

  /**
   * Notes a committed optimizer step.
   *
   * @param newStep the step that resulted
   * @param groups the groups it learned from
   */
  public void committed(long newStep, List<GroupId> groups) {
    if (newStep != step + 1) {
      throw new IllegalStateException("step " + newStep + " committed after step " + step);
    }
    step = newStep;
    groups.forEach(group -> end(group, new GroupState.Trained(newStep)));
  }

  private void end(GroupId group, GroupState.End end) {
    note(new LedgerEvent.Ended(group, end));
    leases.forget(group);
    openPrompts.remove(group);
  }

  /** Whether enough groups are accepted for the next optimizer step. */
  public boolean hasBatch() {
    return ledger.counts().accepted() >= gate.groupsPerStep();
  }

  /** Running leases whose groups the next optimizer step would make too old. */
  public List<LeaseTable.Entry> stragglers() {
    return leases.matching(entry -> gate.wouldOutgrow(entry.oldestStep(), step));
  }

  /** Leases without progress for longer than the patience. */
  public List<LeaseTable.Entry> expired(Instant now) {
    return leases.expired(terms.patience(), now);
  }

  /** All running leases. */
  public List<LeaseTable.Entry> allRunning() {
    return leases.matching(entry -> true);
  }

  /** Leases of a worker, for example of one that left. */
  public List<LeaseTable.Entry> heldBy(String worker) {
    return leases.heldBy(worker);
  }

  private boolean isRunning(LeaseId lease) {
    return leases.running(lease.group()).filter(entry -> entry.id().equals(lease)).isPresent();
  }

  /** Optimizer steps taken. */
  public long step() {
    return step;
  }

  public GroupLedger.Counts counts() {
    return ledger.counts();
  }

  public Map<GroupId, GroupState> states() {
    return ledger.states();
  }
}
