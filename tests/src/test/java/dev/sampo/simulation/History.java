package dev.sampo.simulation;

import dev.sampo.actors.run.LeaseEvent;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ledger.LedgerEvent;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What the events of a ledger, one after the other, come to, and the leases between them; and what
 * each of them must not be after those before it.
 */
final class History {
  private static final int MOST_ATTEMPTS = 25; // more than faults can cause

  /** Where a group is. */
  enum Where {
    WAITING,
    LEASED,
    ACCEPTED,
    TRAINED,
    OUT
  }

  /** Takes note of a rule that does not hold. */
  interface Judge {
    void require(boolean holds, String rule, Object what);
  }

  private final Scenario scenario;
  private final Facts facts;
  private final LeaseRules leases;
  private final Judge judge;
  private final Map<GroupId, Where> groups = new TreeMap<>();
  private final Map<GroupId, LeaseId> holders = new HashMap<>();
  private final Map<GroupId, LedgerEvent.GroupAccepted> winners = new HashMap<>();
  private final Map<GroupId, Long> learnedAt = new HashMap<>(); // as the trainer says
  private final Map<GroupId, Long> endedTrained = new HashMap<>(); // as the ledger says
  private final Set<PolicyVersion> versions = new HashSet<>(); // that count
  private long step;
  private long term;
  private long firstTerm = 1; // whose leases count
  private Optional<PolicyVersion> announced = Optional.empty();

  History(Scenario scenario, Facts facts, LeaseRules leases, Judge judge) {
    this.scenario = scenario;
    this.facts = facts;
    this.leases = leases;
    this.judge = judge;
  }

  /** Begins anew with what a ledger says. */
  void reset(List<LedgerEvent> events) {
    groups.clear();
    holders.clear();
    winners.clear();
    learnedAt.clear();
    endedTrained.clear();
    versions.clear();
    announced = Optional.empty();
    step = 0;
    term = 0;
    firstTerm = 1;
    events.forEach(this::read);
  }

  /** An event that a ledger says, and no trainer or coordinator. */
  void read(LedgerEvent event) {
    if (event instanceof LedgerEvent.StepTaken(var taken, String _)) {
      learned(taken.version(), taken.groups());
    }
    apply(event);
  }

  /** The next event. */
  void apply(LedgerEvent event) {
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
            facts.excused.contains(group)
                || (reason.startsWith("no progress") && leases.isHopeless(group)),
            "no good prompt is set aside",
            event);
        onOut(group, event);
      }
      case LedgerEvent.StepTaken(var taken, String _) -> {
        require(taken.version().step() == step + 1, "steps follow each other", event);
        step = taken.version().step();
        versions.add(taken.version());
        taken.groups().forEach(group -> onTrained(group, event));
      }
      case LedgerEvent.StepSkipped(long left, String _) ->
          require(left == step + 1, "what is left out is the next step", event);
      case LedgerEvent.VersionPublished(PolicyVersion version) -> {
        require(facts.versions.contains(version), "what is published is durable", event);
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
      versions.removeIf(version -> version.step() > from);
      groups.replaceAll((group, where) -> isOfAbandoned(group, where) ? Where.WAITING : where);
    }
    versions.add(opened.from());
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
    require(facts.granted.contains(lease), "only what was leased is accepted", event);
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
    LeaseId lease = event.lease();
    GroupId group = lease.group();
    Where where = groups.get(group);
    switch (event) {
      case LeaseEvent.Granted _ -> {
        require(where == Where.WAITING, "only a waiting group is leased", event);
        require(
            lease.term() == term || (lease.term() >= firstTerm && facts.granted.contains(lease)),
            "a lease is of the present term, or goes on",
            event);
        require(facts.terms.contains(lease.term()), "a term is durable before its leases", event);
        boolean isTriedForAWhile = scenario.failureOf(group).isPresent(); // node.patience
        require(
            isTriedForAWhile || lease.attempt() <= MOST_ATTEMPTS,
            "no group is tried for ever",
            event);
        groups.put(group, Where.LEASED);
        holders.put(group, lease);
        requireQuota(event);
      }
      case LeaseEvent.Lost _ -> {
        require(
            where == Where.LEASED && lease.equals(holders.get(group)),
            "only a running lease is lost",
            event);
        groups.put(group, Where.WAITING);
      }
    }
  }

  private void requireQuota(LeaseEvent event) {
    long held = groups.values().stream().filter(w -> w != Where.WAITING && w != Where.OUT).count();
    long quota =
        Math.min(scenario.maxStaleness() + step + 1, scenario.steps()) * scenario.groupsPerStep();
    require(held <= quota, "the quota of " + quota + " is kept", held + " at " + event);
  }

  /** The trainer has taken a step. */
  void learned(PolicyVersion version, List<GroupId> batch) {
    batch.forEach(group -> learnedAt.put(group, version.step()));
  }

  /** Whether a trainer has learned from a group. */
  boolean isLearned(GroupId group) {
    return learnedAt.containsKey(group);
  }

  /** The result that a group is accepted with, or was. */
  Optional<LedgerEvent.GroupAccepted> winner(GroupId group) {
    return Optional.ofNullable(winners.get(group));
  }

  boolean isAccepted(GroupId group) {
    return groups.get(group) == Where.ACCEPTED;
  }

  /** The groups that have not ended, in order. */
  List<GroupId> open() {
    return groups.entrySet().stream()
        .filter(entry -> entry.getValue() != Where.TRAINED && entry.getValue() != Where.OUT)
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Whether what a version samples can be learned from. */
  boolean counts(PolicyVersion version) {
    return versions.contains(version);
  }

  /** The versions that count. */
  Set<PolicyVersion> versions() {
    return versions;
  }

  /** Whether the version of the present step was announced. */
  boolean isAnnounced(int learnerTerm) {
    return announced
        .filter(version -> version.step() == step && version.term() == learnerTerm)
        .isPresent();
  }

  /** Steps that were taken and count. */
  long step() {
    return step;
  }

  /** The coordinator's term. */
  long term() {
    return term;
  }

  /** Nothing more is to come. */
  void requireFinished() {
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

  private void require(boolean holds, String rule, Object what) {
    judge.require(holds, rule, what);
  }

  @Override
  public String toString() {
    Map<Where, Integer> counts = new TreeMap<>();
    groups.values().forEach(where -> counts.merge(where, 1, Integer::sum));
    return "step %d of %d in term %d, groups %s".formatted(step, scenario.steps(), term, counts);
  }
}
