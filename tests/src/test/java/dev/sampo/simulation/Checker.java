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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The rules of the protocol, written down once more and independently of the product: it sees every
 * event of the ledger and every lease, what of it is durable, every batch of the trainer, every
 * version that an engine installs and every answer that a worker gets. The first broken rule is
 * kept.
 */
final class Checker {
  private static final Duration A_MESSAGE = Duration.ofSeconds(9); // within a node that may freeze
  private static final int MOST_ATTEMPTS = 25; // more than faults can cause

  private enum Where {
    WAITING,
    LEASED,
    ACCEPTED,
    TRAINED,
    OUT
  }

  private final Scenario scenario;
  private final ReplacementRules replacement;
  private final LeaseRules leases;
  private final KeptRules kept;
  private final Schedule schedule;
  private final Trace trace;

  // What was ever so.
  private final Set<LeaseId> everGranted = new HashSet<>();
  private final Set<LeaseId> durablyAccepted = new HashSet<>();
  private final Set<PolicyVersion> durable = new HashSet<>();
  private final Set<Long> durableTerms = new HashSet<>();
  private final Set<GroupId> excused = new HashSet<>();

  // What is so; after a crash as much of it as was durable.
  private final Map<LeaseId, Set<PolicyVersion>> sampledBy = new HashMap<>();
  private final Map<LeaseId, Duration> discarded = new HashMap<>();
  private final Map<GroupId, Where> groups = new TreeMap<>();
  private final Map<GroupId, LeaseId> holders = new HashMap<>();
  private final Map<GroupId, LedgerEvent.GroupAccepted> winners = new HashMap<>();
  private final Map<GroupId, Long> learnedAt = new HashMap<>();
  private final Map<GroupId, Long> endedTrained = new HashMap<>();
  private final Set<PolicyVersion> history = new HashSet<>();
  private long step;
  private long term;
  private long firstTerm = 1; // whose leases count
  private Optional<PolicyVersion> announced = Optional.empty();
  private Optional<Violation> first = Optional.empty();

  Checker(Scenario scenario, Schedule schedule, Trace trace) {
    this.scenario = scenario;
    this.replacement = new ReplacementRules(scenario);
    this.leases = new LeaseRules(schedule);
    this.kept = new KeptRules(scenario, schedule);
    this.schedule = schedule;
    this.trace = trace;
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

  /** Coordinator and learner begin again with these events. */
  void restarted(List<LedgerEvent> durableEvents) {
    leases.restarted();
    kept.restarted();
    discarded.clear();
    groups.clear();
    holders.clear();
    winners.clear();
    learnedAt.clear();
    endedTrained.clear();
    history.clear();
    announced = Optional.empty();
    step = 0;
    term = 0;
    firstTerm = 1;
    for (LedgerEvent event : durableEvents) {
      if (event instanceof LedgerEvent.StepTaken(var taken, String _)) {
        taken.groups().forEach(group -> learnedAt.put(group, taken.version().step()));
      }
      if (event instanceof LedgerEvent.GroupAccepted accepted) {
        everGranted.add(accepted.lease());
      }
      apply(event);
    }
  }

  /** An event of the ledger, in order. */
  void ledger(LedgerEvent event) {
    trace.add("ledger", event);
    replacement.brokenBy(event).ifPresent(this::broken);
    if (event instanceof LedgerEvent.GroupReturned(GroupId group, String _)) {
      Optional.ofNullable(winners.get(group))
          .flatMap(winner -> kept.brokenByReturnOf(winner, step))
          .ifPresent(this::broken);
    }
    if (event instanceof LedgerEvent.GroupAccepted accepted) {
      kept.accepted(accepted.lease());
      require(
          history.containsAll(sampledBy.getOrDefault(accepted.lease(), Set.of())),
          "what abandoned weights sampled is not accepted",
          event);
    }
    if (event instanceof LedgerEvent.StepTaken(var taken, String _)) {
      require(
          announced
              .filter(version -> version.step() == step)
              .filter(version -> version.term() == taken.version().term())
              .isPresent(),
          "what a step is taken on was announced",
          event);
    }
    apply(event);
  }

  /** A worker has told the coordinator which weights it has. */
  void demanded(String worker, PolicyVersion weights) {
    leases.demanded(worker, weights);
  }

  /** The learner has told the coordinator that it is ready for a step. */
  void stepWanted() {
    leases.stepWanted();
  }

  /** The coordinator has given a new lease to a worker. */
  void granted(String worker) {
    leases.brokenByGrant(worker, history::contains).ifPresent(this::broken);
  }

  /** A lease is on its way to a worker. */
  void sent(RolloutLease lease) {
    leases.brokenBy(lease).ifPresent(this::broken);
  }

  /** The coordinator is asked about a result of these weights. */
  void offered(LeaseId lease, Set<PolicyVersion> versions) {
    sampledBy.put(lease, versions);
  }

  /** A version that counts, the same one if it does. */
  PolicyVersion counting(PolicyVersion version) {
    return history.contains(version)
        ? version
        : history.stream()
            .filter(other -> other.step() == version.step())
            .max(PolicyVersion.IN_HISTORY)
            .or(this::newest)
            .orElse(version);
  }

  private void apply(LedgerEvent event) {
    switch (event) {
      case LedgerEvent.RunOpened _ -> require(term == 0, "a run is opened once", event);
      case LedgerEvent.TermOpened opened -> onTermOpened(opened);
      case LedgerEvent.GroupOpened(GroupId group, String _) -> {
        require(!groups.containsKey(group), "a group is opened once", event);
        groups.put(group, Where.WAITING);
      }
      case LedgerEvent.GroupAccepted accepted -> onAccepted(accepted);
      case LedgerEvent.GroupReturned(GroupId group, String _) -> {
        require(groups.get(group) == Where.ACCEPTED, "only an accepted group is returned", event);
        require(!learnedAt.containsKey(group), "what was learned is not returned", event);
        groups.put(group, Where.WAITING);
      }
      case LedgerEvent.GroupFiltered(GroupId group, String _) -> {
        require(groups.get(group) == Where.ACCEPTED, "only an accepted group is filtered", event);
        onOut(group, event);
      }
      case LedgerEvent.GroupSetAside(GroupId group, String reason) -> {
        require(!scenario.isCalm(), "nothing is set aside without a fault", event);
        require(
            excused.contains(group)
                || (reason.startsWith("no progress") && leases.isHopeless(group)),
            "no good prompt is set aside",
            event);
        onOut(group, event);
      }
      case LedgerEvent.StepTaken(var taken, String _) -> {
        require(taken.version().step() == step + 1, "steps follow each other", event);
        step = taken.version().step();
        history.add(taken.version());
        taken.groups().forEach(group -> onTrained(group, event));
      }
      case LedgerEvent.VersionPublished(PolicyVersion version) -> {
        require(durable.contains(version), "what is published is durable", event);
        announced = Optional.of(version);
      }
    }
  }

  private void onTermOpened(LedgerEvent.TermOpened opened) {
    long from = opened.from().step();
    require(opened.term() > term, "terms go up", opened);
    require(from + opened.abandonedSteps().size() == step, "no step is forgotten", opened);
    term = opened.term();
    step = from;
    groups.replaceAll((group, where) -> where == Where.LEASED ? Where.WAITING : where);
    if (!opened.abandonedSteps().isEmpty()) {
      firstTerm = term;
      learnedAt.values().removeIf(learned -> learned > from);
      endedTrained.values().removeIf(learned -> learned > from);
      history.removeIf(version -> version.step() > from);
      groups.replaceAll((group, where) -> isOfAbandoned(group, where) ? Where.WAITING : where);
    }
    history.add(opened.from());
  }

  private boolean isOfAbandoned(GroupId group, Where where) {
    return switch (where) {
      case TRAINED -> !endedTrained.containsKey(group);
      case ACCEPTED -> {
        LedgerEvent.GroupAccepted accepted = winners.get(group);
        yield accepted != null && accepted.newestStep() > step;
      }
      default -> false;
    };
  }

  private void onAccepted(LedgerEvent.GroupAccepted event) {
    GroupId group = event.group();
    Where where = groups.get(group);
    LeaseId lease = event.lease();
    require(where == Where.WAITING || where == Where.LEASED, "a group is accepted once", event);
    require(everGranted.contains(lease), "only what was leased is accepted", event);
    require(lease.term() >= firstTerm && lease.term() <= term, "old terms are fenced", event);
    require(
        step - event.oldestStep() <= scenario.maxStaleness(),
        "what is too old is not accepted",
        event);
    groups.put(group, Where.ACCEPTED);
    winners.put(group, event);
  }

  private void onOut(GroupId group, LedgerEvent event) {
    requireOpen(group, event);
    require(!learnedAt.containsKey(group), "what was learned ends as trained", event);
    groups.put(group, Where.OUT);
  }

  private void onTrained(GroupId group, LedgerEvent event) {
    requireOpen(group, event);
    require(groups.get(group) == Where.ACCEPTED, "only an accepted group is learned from", event);
    require(learnedAt.getOrDefault(group, -1L) == step, "the ledger says what was learned", event);
    groups.put(group, Where.TRAINED);
    endedTrained.put(group, step);
  }

  private void requireOpen(GroupId group, LedgerEvent event) {
    Where where = groups.get(group);
    require(where != Where.TRAINED && where != Where.OUT, "a group ends once", event);
  }

  /** What becomes of a lease. */
  void lease(LeaseEvent event) {
    trace.add("lease", event);
    LeaseId lease = event.lease();
    GroupId group = lease.group();
    Where where = groups.get(group);
    switch (event) {
      case LeaseEvent.Granted _ -> {
        require(where == Where.WAITING, "only a waiting group is leased", event);
        require(
            lease.term() == term || (lease.term() >= firstTerm && everGranted.contains(lease)),
            "a lease is of the present term, or goes on",
            event);
        require(durableTerms.contains(lease.term()), "a term is durable before its leases", event);
        require(lease.attempt() <= MOST_ATTEMPTS, "no group is tried for ever", event);
        groups.put(group, Where.LEASED);
        holders.put(group, lease);
        everGranted.add(lease);
        requireQuota(event);
      }
      case LeaseEvent.Lost lost -> {
        String reason = lost.reason();
        leases.brokenBy(lost).ifPresent(this::broken);
        require(
            where == Where.LEASED && lease.equals(holders.get(group)),
            "only a running lease is lost",
            event);
        require(!wasDiscardedLongAgo(lease), "no group is sent away that is still wanted", event);
        require(
            !scenario.isCalm() || !reason.startsWith("no progress"),
            "no lease expires without a fault",
            event);
        groups.put(group, Where.WAITING);
      }
    }
  }

  private boolean wasDiscardedLongAgo(LeaseId lease) {
    Duration when = discarded.get(lease);
    return when != null && schedule.elapsed().minus(when).compareTo(A_MESSAGE) >= 0;
  }

  private void requireQuota(LeaseEvent event) {
    long held = groups.values().stream().filter(w -> w != Where.WAITING && w != Where.OUT).count();
    long quota =
        Math.min(scenario.maxStaleness() + step + 1, scenario.steps()) * scenario.groupsPerStep();
    require(held <= quota, "the quota of " + quota + " is kept", held + " at " + event);
  }

  /** The journal has an event. */
  void durable(LedgerEvent event) {
    switch (event) {
      case LedgerEvent.StepTaken(var taken, String _) -> durable.add(taken.version());
      case LedgerEvent.TermOpened opened -> {
        durableTerms.add(opened.term());
        durable.add(opened.from());
      }
      case LedgerEvent.GroupAccepted accepted -> durablyAccepted.add(accepted.lease());
      default -> {}
    }
  }

  /** There is something about this group for which it may be set aside. */
  void excuse(GroupId group) {
    excused.add(group);
  }

  /** An engine begins a group. */
  void started(RolloutLease lease, PolicyVersion version) {
    trace.add("started", lease.id());
    require(
        version.step() >= lease.minimumStep(),
        "a lease waits for weights young enough",
        lease.id());
  }

  /** The learner begins with a version, which is no step of its own. */
  void began(PolicyVersion version) {
    durable.add(version);
  }

  /** An engine uses a version from now on. */
  void installed(String worker, PolicyVersion version) {
    trace.add("installed", version);
    require(
        durable.contains(version),
        "a version is seen when its step is durable",
        worker + " has " + version);
  }

  /** The trainer gets a batch. */
  void batchBegun(List<ScoredGroup> batch, PolicyVersion version) {
    trace.add("batch", batch.stream().map(scored -> scored.group().lease()).toList());
    require(
        batch.size() == scenario.groupsPerStep(),
        "a batch has as many groups as a step",
        batch.size());
    batch.forEach(scored -> requireFit(scored, version));
    kept.brokenBy(batch, open()).ifPresent(this::broken);
    leases.stepBegun();
  }

  private List<GroupId> open() {
    return groups.entrySet().stream()
        .filter(entry -> entry.getValue() != Where.TRAINED && entry.getValue() != Where.OUT)
        .map(Map.Entry::getKey)
        .toList();
  }

  private void requireFit(ScoredGroup scored, PolicyVersion version) {
    LeaseId lease = scored.group().lease();
    LedgerEvent.GroupAccepted winner = winners.get(scored.id());
    require(!Ghost.isOne(scored.group()), "nothing of an earlier term has an effect", lease);
    require(
        groups.get(scored.id()) == Where.ACCEPTED && winner != null && lease.equals(winner.lease()),
        "only what the ledger has accepted is learned from",
        lease);
    require(!learnedAt.containsKey(scored.id()), "nothing is learned twice", lease);
    for (Completion completion : scored.group().completions()) {
      for (VersionSpan span : completion.versions()) {
        require(
            version.step() - span.version().step() <= scenario.maxStaleness(),
            "no token is older than " + scenario.maxStaleness() + " steps",
            lease + " at step " + version.step() + ": " + span);
        require(
            history.contains(span.version()),
            "no token is of abandoned weights",
            lease + " " + span);
      }
    }
  }

  /** The trainer could not learn from a batch, because of these groups. */
  void leftOut(List<ScoredGroup> batch, List<GroupId> culprits) {
    culprits.forEach(this::excuse);
    kept.leftOut(batch.stream().map(ScoredGroup::id).toList());
  }

  /** The trainer has taken a step. */
  void stepTaken(PolicyVersion version, List<ScoredGroup> batch) {
    batch.forEach(scored -> learnedAt.put(scored.id(), version.step()));
  }

  /** A worker is told what became of its group. */
  void answered(ExperienceBuffer.Answer answer) {
    LeaseId lease = answer.lease();
    switch (answer) {
      case ExperienceBuffer.Accepted _ -> {
        kept.told(lease);
        require(
            durablyAccepted.contains(lease), "only what is accepted for sure is called so", lease);
      }
      case ExperienceBuffer.Discarded _ -> discarded.putIfAbsent(lease, schedule.elapsed());
      case ExperienceBuffer.Busy _ -> {}
    }
  }

  /** The run says that it is finished and has come to rest. */
  void finished() {
    require(step == scenario.steps(), "the run takes its steps", step + " of " + scenario.steps());
    require(
        endedTrained.equals(learnedAt),
        "the ledger knows everything that was learned",
        endedTrained.size() + " of " + learnedAt.size());
    long visited = groups.keySet().stream().mapToLong(GroupId::value).max().orElse(-1) + 1;
    require(visited == groups.size(), "no prompt is passed over", groups.size() + " of " + visited);
    groups.forEach((group, where) ->
        require(
            where != Where.ACCEPTED && where != Where.LEASED,
            "no group is left behind",
            group + " is " + where));
  }

  /** The coordinator's term. */
  long term() {
    return term;
  }

  /** The newest version that counts. */
  Optional<PolicyVersion> newest() {
    return history.stream().max(PolicyVersion.IN_HISTORY);
  }

  @Override
  public String toString() {
    Map<Where, Integer> counts = new TreeMap<>();
    groups.values().forEach(where -> counts.merge(where, 1, Integer::sum));
    return "step %d of %d in term %d, groups %s".formatted(step, scenario.steps(), term, counts);
  }
}
