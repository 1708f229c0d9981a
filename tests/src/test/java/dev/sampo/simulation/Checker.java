package dev.sampo.simulation;

import dev.sampo.actors.pipeline.ExperienceBuffer;
import dev.sampo.actors.run.GroupState;
import dev.sampo.actors.run.LedgerEvent;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.VersionSpan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The rules of the protocol, written down once more and independently of the product: it sees every
 * event of the ledger, every batch of the trainer, every durable step, every version that an engine
 * installs and every answer that a worker gets. The first broken rule is kept.
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

  private final int maxStaleness;
  private final int groupsPerStep;
  private final long steps;
  private final boolean calm;
  private final Schedule schedule;
  private final Trace trace;
  private final Map<LeaseId, Duration> discarded = new HashMap<>();
  private final Map<GroupId, Where> groups = new TreeMap<>();
  private final Map<GroupId, LeaseId> holders = new HashMap<>();
  private final Set<GroupId> excused = new HashSet<>();
  private final Map<GroupId, LeaseId> winners = new HashMap<>();
  private final Set<LeaseId> everAccepted = new HashSet<>();
  private final Map<GroupId, Long> learnedAt = new HashMap<>();
  private final Set<GroupId> endedTrained = new HashSet<>();
  private final Set<PolicyVersion> durable = new HashSet<>();
  private final List<String> sentBack = new ArrayList<>();
  private long stepsTaken;
  private long stepOfLedger;
  private final long term;
  private Optional<Violation> first = Optional.empty();

  Checker(
      int maxStaleness,
      int groupsPerStep,
      long steps,
      long term,
      boolean calm,
      Schedule schedule,
      Trace trace) {
    this.calm = calm;
    this.schedule = schedule;
    this.term = term;
    this.maxStaleness = maxStaleness;
    this.groupsPerStep = groupsPerStep;
    this.steps = steps;
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

  /** An event of the ledger, in order. */
  void ledger(LedgerEvent event) {
    trace.add("ledger", event);
    GroupId group = event.group();
    Where where = groups.get(group);
    switch (event) {
      case LedgerEvent.Opened _ -> {
        require(where == null, "a group is opened once", event);
        groups.put(group, Where.WAITING);
      }
      case LedgerEvent.Granted(LeaseId lease) -> {
        require(where == Where.WAITING, "only a waiting group is leased", event);
        require(lease.term() == term, "a lease is of the present term", event);
        require(lease.attempt() <= MOST_ATTEMPTS, "no group is tried for ever", event);
        groups.put(group, Where.LEASED);
        holders.put(group, lease);
        requireQuota(event);
      }
      case LedgerEvent.Lost(LeaseId lease, String reason) -> {
        require(
            where == Where.LEASED && lease.equals(holders.get(group)),
            "only a running lease is lost",
            event);
        require(
            !discarded.containsKey(lease)
                || schedule.elapsed().minus(discarded.get(lease)).compareTo(A_MESSAGE) < 0,
            "no group is sent away that is still wanted",
            event);
        groups.put(group, Where.WAITING);
        require(
            !calm || !reason.startsWith("no progress"), "no lease expires without a fault", event);
        sentBack.add(group.value() + " " + reason);
      }
      case LedgerEvent.Accepted(LeaseId lease, long oldestStep) -> {
        require(where == Where.WAITING || where == Where.LEASED, "a group is accepted once", event);
        require(lease.term() == term, "an older term is fenced", event);
        require(
            stepOfLedger - oldestStep <= maxStaleness, "what is too old is not accepted", event);
        groups.put(group, Where.ACCEPTED);
        winners.put(group, lease);
        everAccepted.add(lease);
      }
      case LedgerEvent.Returned(GroupId _, String reason) -> {
        require(where == Where.ACCEPTED, "only an accepted group is returned", event);
        require(!learnedAt.containsKey(group), "what was learned is not returned", event);
        groups.put(group, Where.WAITING);
        sentBack.add(group.value() + " " + reason);
      }
      case LedgerEvent.Ended(GroupId _, GroupState.End end) -> ended(event, where, end);
    }
  }

  private void ended(LedgerEvent event, @Nullable Where where, GroupState.End end) {
    GroupId group = event.group();
    require(where != Where.TRAINED && where != Where.OUT, "a group ends once", event);
    switch (end) {
      case GroupState.Trained(long step) -> {
        require(where == Where.ACCEPTED, "only an accepted group is learned from", event);
        require(
            learnedAt.getOrDefault(group, -1L) == step, "the ledger says what was learned", event);
        groups.put(group, Where.TRAINED);
        endedTrained.add(group);
        stepOfLedger = Math.max(stepOfLedger, step);
      }
      default -> {
        require(!learnedAt.containsKey(group), "what was learned ends as trained", event);
        require(!calm, "nothing is set aside without a fault", event);
        require(
            excused.contains(group) || event.toString().contains("no progress"),
            "no good prompt is set aside",
            event);
        groups.put(group, Where.OUT);
      }
    }
  }

  private void requireQuota(LedgerEvent event) {
    long held = groups.values().stream().filter(w -> w != Where.WAITING && w != Where.OUT).count();
    long quota = Math.min(maxStaleness + stepOfLedger + 1, steps) * groupsPerStep;
    require(held <= quota, "the quota of " + quota + " is kept", held + " at " + event);
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

  /** An engine uses a version from now on. */
  void installed(String worker, PolicyVersion version) {
    trace.add("installed", version);
    require(
        version.step() == 0 || durable.contains(version),
        "a version is seen when its step is durable",
        worker + " has " + version);
  }

  /** The recorder has a step. */
  void durable(StepCommitted step) {
    trace.add("durable", step.version());
    durable.add(step.version());
  }

  /** The trainer gets a batch. */
  void batchBegun(List<ScoredGroup> batch, PolicyVersion version) {
    trace.add("batch", batch.stream().map(scored -> scored.group().lease()).toList());
    require(batch.size() == groupsPerStep, "a batch has as many groups as a step", batch.size());
    for (ScoredGroup scored : batch) {
      LeaseId lease = scored.group().lease();
      require(
          groups.get(scored.id()) == Where.ACCEPTED && lease.equals(winners.get(scored.id())),
          "only what the ledger has accepted is learned from",
          lease);
      require(!learnedAt.containsKey(scored.id()), "nothing is learned twice", lease);
      for (Completion completion : scored.group().completions()) {
        for (VersionSpan span : completion.versions()) {
          require(
              span.version().ageAt(version.step()) <= maxStaleness,
              "no token is older than " + maxStaleness + " steps",
              lease + " at step " + version.step() + ": " + span);
          require(span.version().term() == version.term(), "no token is of another term", lease);
        }
      }
    }
    require(
        batch.stream().map(ScoredGroup::id).distinct().count() == batch.size(),
        "nothing is learned twice",
        "one batch");
  }

  /** The trainer has taken a step. */
  void stepTaken(PolicyVersion version, List<ScoredGroup> batch) {
    stepsTaken++;
    batch.forEach(scored -> learnedAt.put(scored.id(), version.step()));
  }

  /** A worker is told what became of its group. */
  void answered(ExperienceBuffer.Answer answer) {
    LeaseId lease = answer.lease();
    switch (answer) {
      case ExperienceBuffer.Accepted _ ->
          require(everAccepted.contains(lease), "only what is accepted is called so", lease);
      case ExperienceBuffer.Discarded _ -> discarded.putIfAbsent(lease, schedule.elapsed());
      case ExperienceBuffer.Busy _ -> {}
    }
  }

  /** The run says that it is finished and has come to rest. */
  void finished() {
    require(stepsTaken == steps, "the run takes its steps", stepsTaken + " of " + steps);
    require(
        endedTrained.equals(learnedAt.keySet()),
        "the ledger knows everything that was learned",
        endedTrained.size() + " of " + learnedAt.size());
    groups.forEach((group, where) ->
        require(
            where != Where.ACCEPTED && where != Where.LEASED,
            "no group is left behind",
            group + " is " + where));
  }

  /** Groups that were sent back, with the reason. */
  List<String> sentBack() {
    return sentBack;
  }

  @Override
  public String toString() {
    Map<Where, Integer> counts = new TreeMap<>();
    groups.values().forEach(where -> counts.merge(where, 1, Integer::sum));
    return "step " + stepsTaken + " of " + steps + ", groups " + counts;
  }
}
