package dev.sampo.simulation;

import dev.sampo.actors.pipeline.ExperienceBuffer;
import dev.sampo.actors.run.GroupLedger;
import dev.sampo.actors.run.LeaseEvent;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.VersionSpan;
import dev.sampo.protocol.ledger.LedgerEvent;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The rules of the protocol, written down once more and independently of the product: it sees every
 * event of the ledger and every lease, what of it is durable, every batch of the trainer, every
 * version that an engine installs and every answer that a worker gets. The first broken rule is
 * kept.
 *
 * <p>A life of the learner's node that is over may go on for a while. What it decides is its own
 * affair; what it makes durable, and what workers hear from it, is not.
 */
final class Checker {
  private static final Duration A_MESSAGE = Duration.ofSeconds(9); // within a node that may freeze

  private final Scenario scenario;
  private final ReplacementRules replacement;
  private final LeaseRules leases;
  private final KeptRules kept;
  private final Schedule schedule;
  private final Trace trace;
  private final Lives lives = new Lives();
  private final Facts facts = new Facts();
  private final History decided; // by the present coordinator
  private final History durable; // whoever wrote it

  // Of the present life.
  private final Map<LeaseId, Set<PolicyVersion>> sampledBy = new HashMap<>();
  private final Map<LeaseId, Duration> discarded = new HashMap<>();
  private Optional<Violation> first = Optional.empty();

  Checker(Scenario scenario, Schedule schedule, Trace trace) {
    this.scenario = scenario;
    this.replacement = new ReplacementRules(scenario);
    this.leases = new LeaseRules(schedule);
    this.kept = new KeptRules(scenario, schedule);
    this.schedule = schedule;
    this.trace = trace;
    this.decided = new History(scenario, facts, leases, this::require);
    this.durable =
        new History(
            scenario,
            facts,
            leases,
            (holds, rule, what) -> require(holds, "what is durable is one history: " + rule, what));
  }

  /** The first broken rule. */
  Optional<Violation> violation() {
    return first;
  }

  /** Notes a broken rule. */
  void broken(String rule) {
    trace.add("BROKEN", rule);
    if (first.isEmpty()) {
      first = Optional.of(new Violation(rule));
    }
  }

  private void require(boolean holds, String rule, Object what) {
    if (!holds) {
      broken(rule + ": " + what);
    }
  }

  /** What is done now is done by a life that is over. */
  private boolean isOfFormerLife() {
    return lives.isOver(schedule.current());
  }

  /** A lease was given out before the simulation begins. */
  void grantedBefore(LeaseId lease) {
    facts.granted.add(lease);
  }

  /**
   * What was read from a snapshot and the events after it is what all events come to.
   *
   * @param step the oldest that the learner may go back to
   */
  void restored(List<LedgerEvent> durable, GroupLedger read, long step) {
    GroupLedger all = new GroupLedger();
    durable.forEach(all::apply);
    require(
        read.snapshot(step).equals(all.snapshot(step)) && read.counts().equals(all.counts()),
        "a snapshot says something else than the events",
        read.snapshot(step) + " and not " + all.snapshot(step));
  }

  /** Coordinator and learner begin again with these events, at two places. */
  void restarted(List<LedgerEvent> durableEvents, Place place, Place trainer) {
    lives.begin(place, trainer);
    leases.restarted();
    kept.restarted();
    replacement.restarted(durableEvents);
    discarded.clear();
    decided.reset(durableEvents);
  }

  /** Whether a life of the learner's node has to end, because another one has written. */
  boolean isOvertaken(Place place) {
    return lives.isOvertaken(place);
  }

  /** An event of the ledger, in order. */
  void ledger(LedgerEvent event) {
    trace.add("ledger", event);
    if (isOfFormerLife()) {
      return;
    }
    replacement.brokenBy(event).ifPresent(this::broken);
    if (event instanceof LedgerEvent.GroupReturned(GroupId group, String _)) {
      decided
          .winner(group)
          .flatMap(winner -> kept.brokenByReturnOf(winner, decided.step()))
          .ifPresent(this::broken);
    }
    if (event instanceof LedgerEvent.GroupAccepted accepted) {
      kept.accepted(accepted.lease());
      require(
          decided.versions().containsAll(sampledBy.getOrDefault(accepted.lease(), Set.of())),
          "what abandoned weights sampled is not accepted",
          event);
    }
    if (event instanceof LedgerEvent.StepTaken(var taken, String _)) {
      require(
          decided.isAnnounced(taken.version().term()),
          "what a step is taken on was announced",
          event);
    }
    decided.apply(event);
  }

  /** A worker has told the coordinator which weights it has. */
  void demanded(String worker, PolicyVersion weights) {
    if (!isOfFormerLife()) {
      leases.demanded(worker, weights);
    }
  }

  /** The learner has told the coordinator that it is ready for a step. */
  void stepWanted() {
    if (!isOfFormerLife()) {
      leases.stepWanted();
    }
  }

  /** The coordinator has given a new lease to a worker. */
  void granted(String worker) {
    if (!isOfFormerLife()) {
      leases.brokenByGrant(worker, decided::counts).ifPresent(this::broken);
    }
  }

  /** A lease is on its way to a worker. */
  void sent(RolloutLease lease) {
    leases.brokenBy(lease).ifPresent(this::broken);
  }

  /** The coordinator is asked about a result of these weights. */
  void offered(LeaseId lease, Set<PolicyVersion> versions) {
    if (!isOfFormerLife()) {
      sampledBy.put(lease, versions);
    }
  }

  /** A version that counts, the same one if it does. */
  PolicyVersion counting(PolicyVersion version) {
    return decided.counts(version)
        ? version
        : decided.versions().stream()
            .filter(other -> other.step() == version.step())
            .max(PolicyVersion.IN_HISTORY)
            .or(this::newest)
            .orElse(version);
  }

  /** What becomes of a lease. */
  void lease(LeaseEvent event) {
    trace.add("lease", event);
    if (event instanceof LeaseEvent.Lost lost) {
      leases.lost(lost);
    }
    if (!isOfFormerLife()) {
      decided(event);
    }
    if (event instanceof LeaseEvent.Granted(LeaseId lease)) {
      facts.granted.add(lease);
    }
  }

  private void decided(LeaseEvent event) {
    switch (event) {
      // one of another term may come back, when what its worker said of it before comes late
      case LeaseEvent.Granted(LeaseId lease) -> discarded.remove(lease);
      case LeaseEvent.Lost lost -> requireReasonFor(lost);
    }
    decided.lease(event);
  }

  private void requireReasonFor(LeaseEvent.Lost lost) {
    leases.brokenBy(lost).ifPresent(this::broken);
    require(!wasDiscardedLongAgo(lost.lease()), "no group is sent away that is still wanted", lost);
    require(
        !scenario.isCalm() || !lost.reason().startsWith("no progress"),
        "no lease expires without a fault",
        lost);
  }

  private boolean wasDiscardedLongAgo(LeaseId lease) {
    Duration when = discarded.get(lease);
    return when != null && schedule.elapsed().minus(when).compareTo(A_MESSAGE) >= 0;
  }

  /** The journal has an event. */
  void durable(LedgerEvent event) {
    lives.written(schedule.current());
    switch (event) {
      case LedgerEvent.StepTaken(var taken, String _) -> facts.versions.add(taken.version());
      case LedgerEvent.TermOpened opened -> {
        facts.terms.add(opened.term());
        facts.versions.add(opened.from());
      }
      case LedgerEvent.GroupAccepted accepted -> facts.accepted.add(accepted.lease());
      default -> {}
    }
    durable.read(event);
  }

  /** There is something about this group for which it may be set aside. */
  void excuse(GroupId group) {
    facts.excused.add(group);
  }

  /** An engine begins a group. */
  void started(RolloutLease lease, PolicyVersion version) {
    trace.add("started", lease.id());
    require(
        version.step() >= lease.minimumStep(),
        "a lease waits for weights young enough",
        lease.id());
  }

  /** An engine uses a version from now on. */
  void installed(String worker, PolicyVersion version) {
    trace.add("installed", version);
    require(
        facts.versions.contains(version),
        "a version is seen when its step is durable",
        worker + " has " + version);
  }

  /** The trainer gets a batch. */
  void batchBegun(List<ScoredGroup> batch, PolicyVersion version) {
    trace.add("batch", batch.stream().map(scored -> scored.group().lease()).toList());
    if (isOfFormerLife()) {
      return;
    }
    require(
        batch.size() == scenario.groupsPerStep(),
        "a batch has as many groups as a step",
        batch.size());
    batch.forEach(scored -> requireFit(scored, version));
    kept.brokenBy(batch, decided.open()).ifPresent(this::broken);
    leases.stepBegun();
  }

  private void requireFit(ScoredGroup scored, PolicyVersion version) {
    LeaseId lease = scored.group().lease();
    require(!Ghost.isOne(scored.group()), "nothing of an earlier term has an effect", lease);
    require(
        decided.isAccepted(scored.id())
            && decided.winner(scored.id()).filter(won -> won.lease().equals(lease)).isPresent(),
        "only what the ledger has accepted is learned from",
        lease);
    require(!decided.isLearned(scored.id()), "nothing is learned twice", lease);
    for (Completion completion : scored.group().completions()) {
      for (VersionSpan span : completion.versions()) {
        require(
            version.step() - span.version().step() <= scenario.maxStaleness(),
            "no token is older than " + scenario.maxStaleness() + " steps",
            lease + " at step " + version.step() + ": " + span);
        require(
            decided.counts(span.version()), "no token is of abandoned weights", lease + " " + span);
      }
    }
  }

  /** The trainer could not learn from a batch, because of these groups. */
  void leftOut(List<ScoredGroup> batch, List<GroupId> culprits) {
    culprits.forEach(this::excuse);
    if (!isOfFormerLife()) {
      kept.leftOut(batch.stream().map(ScoredGroup::id).toList());
    }
  }

  /** The trainer has taken a step. */
  void stepTaken(PolicyVersion version, List<ScoredGroup> batch) {
    if (!isOfFormerLife()) {
      decided.learned(version, batch.stream().map(ScoredGroup::id).toList());
    }
  }

  /** A worker is told what became of its group. */
  void answered(Place sender, ExperienceBuffer.Answer answer) {
    LeaseId lease = answer.lease();
    switch (answer) {
      case ExperienceBuffer.Accepted _ -> {
        kept.told(lease);
        require(
            facts.accepted.contains(lease), "only what is accepted for sure is called so", lease);
      }
      case ExperienceBuffer.Discarded _ when lives.isOver(sender) -> {}
      case ExperienceBuffer.Discarded _ -> discarded.putIfAbsent(lease, schedule.elapsed());
      case ExperienceBuffer.Busy _ -> {}
    }
  }

  /** The run says that it is finished and has come to rest. */
  void finished() {
    decided.requireFinished();
  }

  /** The coordinator's term. */
  long term() {
    return decided.term();
  }

  /** The newest version that counts. */
  Optional<PolicyVersion> newest() {
    return decided.versions().stream().max(PolicyVersion.IN_HISTORY);
  }

  @Override
  public String toString() {
    return decided.toString();
  }
}
