package dev.sampo.actors.run;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LogPlace;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.LongStream;

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
   * @param settings fingerprint of the settings that decide what the run ends in
   * @param groupSize completions of a group, G
   * @param sampling how completions are sampled
   * @param patience a lease expires without progress for this long
   * @param maxAttempts attempts that speak against a group after which it is set aside
   */
  public record Terms(
      long seed,
      String settings,
      int groupSize,
      SamplingSettings sampling,
      Duration patience,
      int maxAttempts) {}

  /** What becomes of a result. */
  public sealed interface Verdict {
    /** It is kept and will be learned from unless it grows too old. */
    record Keep() implements Verdict {}

    /** It is over the staleness bound; its prompt is asked again. */
    record TooOld(String reason) implements Verdict {}

    /** It is not wanted, and neither is it ever again. */
    record Discard(String reason) implements Verdict {}
  }

  private static final int MOST_ENDED = 10_000; // to be looked at

  private final Terms terms;
  private final StalenessGate gate;
  private final Consumer<LedgerEvent> journal;
  private final GroupLedger ledger;
  private final Leasing leasing;
  private final OpenPrompts prompts;
  private final Admission admission;
  private final Map<GroupId, LeaseId> useless = new HashMap<>(); // the last finished attempt
  private final FailedScorings scorings;
  private final Stragglers stragglers;

  /**
   * A run as its ledger has it; it waits for {@link #openTerm}.
   *
   * @param ledger restored from its events; empty for a new run
   * @param journal gets every further event in order, after it took effect
   * @param leaseLog told what becomes of leases
   * @throws IllegalArgumentException if the ledger is of a run with another seed
   */
  public GroupDispatch(
      GroupLedger ledger,
      Terms terms,
      StalenessGate gate,
      PromptFeed feed,
      Consumer<LedgerEvent> journal,
      Consumer<LeaseEvent> leaseLog) {
    this.ledger = ledger;
    this.journal = journal;
    this.terms = terms;
    this.gate = gate;
    this.scorings = new FailedScorings(terms.maxAttempts());
    this.leasing = new Leasing(ledger, leaseLog, terms.patience());
    this.stragglers = new Stragglers(ledger, leasing, gate, terms.groupSize());
    this.prompts = new OpenPrompts(feed, ledger, this::note);
    this.admission = new Admission(ledger, leasing, gate, this::note);
    ledger
        .history()
        .run()
        .filter(run -> run.seed() != terms.seed())
        .ifPresent(run -> {
          throw new IllegalArgumentException(
              "the ledger is of a run with seed %d, this one has %d"
                  .formatted(run.seed(), terms.seed()));
        });
  }

  /**
   * Begins, or goes on, under a new term. Leases of the term before go on when their workers report
   * progress; groups that nobody reports are leased again.
   *
   * @param version what the learner holds; committed steps after it are abandoned
   * @param held accepted groups that wait for the learner; accepted groups that are not among them
   *     are asked again
   */
  public void openTerm(PolicyVersion version, Set<GroupId> held) {
    List<Long> abandoned =
        LongStream.rangeClosed(version.step() + 1, ledger.history().step()).boxed().toList();
    if (ledger.history().run().isEmpty()) {
      note(new LedgerEvent.RunOpened(version.runId(), terms.seed(), terms.settings()));
    }
    long term = ledger.history().term() + 1;
    note(new LedgerEvent.TermOpened(term, version, abandoned));
    leasing.beginTerm();
    List<GroupId> lost =
        ledger.states().entrySet().stream()
            .filter(entry -> entry.getValue() instanceof GroupState.Accepted)
            .map(Map.Entry::getKey)
            .filter(group -> !held.contains(group))
            .toList();
    returned(lost, "its result was not kept");
    ledger.forgetEnded(MOST_ENDED); // who goes back to an earlier step begins with the journal
  }

  /** Whether the term is open; nothing is granted, adopted or judged before. */
  public boolean isOpen() {
    return leasing.isOpen();
  }

  /**
   * Grants one lease if the quota allows it and there is a prompt. A group whose lease this worker
   * let expire is kept for one of the others that did not.
   *
   * @param others workers that take leases and make progress
   */
  public Optional<RolloutLease> grant(String worker, Collection<String> others, Instant now) {
    GroupLedger.Counts counts = ledger.counts();
    long kept = (long) counts.accepted() + counts.trained();
    if (!leasing.isOpen()
        || !leasing.silent().mayTake(worker, leasing.table().numHeldBy(worker), now)) {
      return Optional.empty();
    }
    long minimumStep = gate.minimumStep(kept + counts.leased());
    return prompts
        .next(group -> isForOthers(group, worker, others), scorings::isHeldBack, quota())
        .map(group -> lease(group, worker, minimumStep, now));
  }

  /** A report may come later than the result that it is about, which was of no use. */
  private boolean mayAdopt(LeaseId lease) {
    return quota() > 0 && !lease.equals(useless.get(lease.group()));
  }

  private long quota() {
    GroupLedger.Counts counts = ledger.counts();
    return gate.quota(step(), (long) counts.accepted() + counts.trained(), counts.leased());
  }

  private boolean isForOthers(GroupId group, String worker, Collection<String> others) {
    return leasing.silent().failedAt(worker, group)
        && others.stream().anyMatch(other -> !leasing.silent().failedAt(other, group));
  }

  private RolloutLease lease(GroupId group, String worker, long minimumStep, Instant now) {
    LeaseId id = leasing.grant(group, worker, minimumStep, now);
    return new RolloutLease(
        id,
        prompts.of(group),
        terms.groupSize(),
        terms.sampling(),
        GroupSeeds.of(terms.seed(), group),
        minimumStep,
        terms.patience());
  }

  private void note(LedgerEvent event) {
    ledger.apply(event);
    journal.accept(event);
  }

  /**
   * Notes that a worker goes on with a group, be it of a term before.
   *
   * @return whether the lease is still wanted
   */
  public boolean progress(LeaseId lease, String worker, long oldestStep, long tokens, Instant now) {
    return leasing.progress(lease, worker, oldestStep, tokens, mayAdopt(lease), now);
  }

  /**
   * Whether a result of this attempt might still be accepted, also when the lease is not running.
   */
  public boolean isWanted(LeaseId lease) {
    return switch (ledger.state(lease.group()).orElse(null)) {
      case GroupState.Waiting _, GroupState.Leased _ ->
          !leasing.isOpen() || leasing.isOfThisRun(lease);
      case GroupState.Won won -> won.lease().equals(lease);
      case null, default -> false;
    };
  }

  /** Keeps a lease alive whose worker has to wait. */
  public void renew(LeaseId lease, Instant now) {
    leasing.table().renew(lease, now);
  }

  /**
   * Decides about a scored result. The first attempt that gets here wins, also when its lease has
   * expired meanwhile or is of a term before; asking again about the winner gives the same answer.
   * What is to be kept has to be recorded, and {@link #recorded} or {@link #notKept} follows.
   *
   * @param versions the policies that sampled it
   */
  public Verdict offered(LeaseId lease, Collection<PolicyVersion> versions) {
    boolean isFirst = !ledger.isBeingRecorded(lease) && !isAccepted(lease.group());
    Verdict verdict = admission.offered(lease, versions);
    if (isFirst && verdict instanceof Verdict.Keep) {
      scorings.scored();
    }
    return noted(lease, verdict);
  }

  /**
   * Accepts a result that is to be kept and is recorded now, unless it grew too old meanwhile.
   *
   * @param place where it is recorded; empty when the run records nothing
   */
  public Verdict recorded(LeaseId lease, Optional<LogPlace> place) {
    return noted(lease, admission.recorded(lease, place));
  }

  private Verdict noted(LeaseId lease, Verdict verdict) {
    if (!(verdict instanceof Verdict.Keep) && ledger.state(lease.group()).isPresent()) {
      useless.put(lease.group(), lease);
    }
    if (verdict instanceof Verdict.TooOld) {
      stragglers.wereTooOld(List.of(lease.group()));
    }
    return verdict;
  }

  /** Takes back an attempt that was to be kept or accepted, because it could not be. */
  public void notKept(LeaseId lease, String reason) {
    admission.notKept(lease, reason);
  }

  /**
   * Ends a lease that brings no result through no fault of the prompt; the group waits again. A
   * result that is being recorded needs no worker any more: it is not given back.
   */
  public void giveBack(LeaseId lease, String reason) {
    if (!ledger.isBeingRecorded(lease)) {
      leasing.giveBack(lease, reason);
    }
  }

  /** Ends a running lease, and what is being recorded of it, because the run needs no more. */
  public void abandon(LeaseId lease, String reason) {
    leasing.giveBack(lease, reason);
  }

  /**
   * Ends a lease that made no progress. Its worker gets no other until it makes some, but one now
   * and then to be tried with; the group is set aside when too many attempts speak against it.
   */
  public void expire(LeaseId lease, Instant now) {
    leasing
        .running(lease)
        .filter(entry -> !ledger.isBeingRecorded(lease))
        .ifPresent(entry -> {
          giveBack(lease, "no progress");
          if (leasing.silent().expired(entry, now) >= terms.maxAttempts()) {
            setAside(lease.group(), "no progress in " + terms.maxAttempts() + " attempts");
          }
        });
  }

  /**
   * Ends a lease whose result could not be scored because rewards failed. The group waits again, or
   * is set aside when too much speaks against it ({@link FailedScorings}). Asking again about the
   * same attempt changes nothing.
   *
   * @param patience how long it is borne that nothing, or not this group, can be scored
   * @return whether the run is over
   */
  public boolean unscored(LeaseId lease, Scoring.Failed why, Instant now, Duration patience) {
    if (!isWanted(lease) || lease.equals(useless.get(lease.group()))) {
      return false;
    }
    giveBack(lease, why.reason());
    useless.put(lease.group(), lease);
    return switch (scorings.failed(lease.group(), why.isOfRow(), now, patience)) {
      case ASK_AGAIN -> false;
      case SET_ASIDE -> {
        setAside(lease.group(), why.reason());
        yield false;
      }
      case END_RUN -> true;
    };
  }

  /** For how long nothing could be scored. */
  public Duration rewardsFailFor(Instant now) {
    return scorings.lasting(now);
  }

  /** Ends a group whose prompt turned out to be impossible to ask or to score. */
  public void setAside(LeaseId lease, String reason) {
    if (isWanted(lease)) {
      setAside(lease.group(), reason);
    }
  }

  /** Ends an accepted group that there is nothing to learn from; another one takes its place. */
  public void filtered(GroupId group, String reason) {
    note(new LedgerEvent.GroupFiltered(group, reason));
    forget(group);
  }

  /** Takes back accepted groups that grew too old. */
  public void outgrown(List<GroupId> groups, String reason) {
    returned(groups, reason);
    stragglers.wereTooOld(groups);
  }

  /** Takes back accepted groups that the learner did not learn from. */
  public void returned(List<GroupId> groups, String reason) {
    for (GroupId group : groups) {
      note(new LedgerEvent.GroupReturned(group, reason));
    }
  }

  /**
   * The learner could not take a step. Those to blame end; the others are asked again.
   *
   * @param culprits accepted groups
   * @param others accepted groups
   */
  public void skipped(List<GroupId> culprits, List<GroupId> others, String reason) {
    note(new LedgerEvent.StepSkipped(step() + 1, reason));
    culprits.forEach(group -> setAside(group, reason));
    returned(others, reason);
  }

  /** Notes an optimizer step; committing the newest one again changes nothing. */
  public void committed(StepCommitted committed) {
    if (ledger.history().version().equals(Optional.of(committed.version()))) {
      return;
    }
    note(new LedgerEvent.StepTaken(committed, terms.settings()));
    committed.groups().forEach(this::forget);
  }

  private void setAside(GroupId group, String reason) {
    note(new LedgerEvent.GroupSetAside(group, reason));
    forget(group);
  }

  private void forget(GroupId group) {
    leasing.table().forget(group);
    leasing.silent().forget(group);
    prompts.forget(group);
    scorings.forget(group);
    useless.remove(group);
    stragglers.forget(group);
  }

  /** Notes that the workers were told of a version. */
  public void published(PolicyVersion version) {
    note(new LedgerEvent.VersionPublished(version));
  }

  /** Groups that others took the place of since the last step. */
  public int numReplaced() {
    return ledger.numReplaced();
  }

  /** Steps left out since the last step. */
  public int numSkipped() {
    return ledger.numSkipped();
  }

  /** Whether a result is recorded and waits for the learner. */
  public boolean isAccepted(GroupId group) {
    return ledger.state(group).orElse(null) instanceof GroupState.Accepted;
  }

  /** Whether what these weights sample can be learned from. */
  public boolean isPartOfRun(PolicyVersion weights) {
    return ledger.history().isPartOf(weights);
  }

  /** Whether enough groups are accepted for the next optimizer step. */
  public boolean hasBatch() {
    return ledger.counts().accepted() >= gate.groupsPerStep();
  }

  /** Running leases whose groups the next optimizer step would make too old. */
  public Stragglers stragglers() {
    return stragglers;
  }

  /** Leases without progress for longer than the patience. */
  public List<LeaseTable.Entry> expired(Instant now) {
    return leasing.table().expired(terms.patience(), now).stream()
        .filter(entry -> !ledger.isBeingRecorded(entry.id()))
        .toList();
  }

  /** All running leases. */
  public List<LeaseTable.Entry> allRunning() {
    return leasing.table().matching(entry -> true);
  }

  /**
   * A worker left; its groups wait again.
   *
   * @return leases that it held
   */
  public int left(String worker) {
    List<LeaseTable.Entry> held = leasing.table().heldBy(worker);
    held.forEach(entry -> giveBack(entry.id(), "its worker left"));
    leasing.silent().forget(worker);
    return held.size();
  }

  /** Whether a worker let a lease expire and has made no progress since. */
  public boolean isSilent(String worker) {
    return leasing.silent().isSilent(worker);
  }

  /** How many leases a worker has. */
  public int numHeldBy(String worker) {
    return leasing.table().numHeldBy(worker);
  }

  /** Optimizer steps taken that count. */
  public long step() {
    return ledger.history().step();
  }

  public GroupLedger.Counts counts() {
    return ledger.counts();
  }

  public Map<GroupId, GroupState> states() {
    return ledger.states();
  }
}
