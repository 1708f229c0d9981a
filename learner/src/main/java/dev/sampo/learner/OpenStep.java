package dev.sampo.learner;

import dev.sampo.learner.advantage.Advantages;
import dev.sampo.learner.batch.BatchMetrics;
import dev.sampo.learner.batch.MicroBatch;
import dev.sampo.learner.batch.TrainingBatch;
import dev.sampo.learner.guard.StepMetrics;
import dev.sampo.learner.objective.ObjectiveStatistics;
import dev.sampo.learner.objective.PolicyObjective;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.PolicyVersion;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** What is known of a step between {@code begin} and {@code finish}. */
final class OpenStep {

  /** Why a step went no further. */
  record Fault(String reason, List<GroupId> groups) {}

  /** One call of {@code microBatch}. */
  sealed interface Piece {
    /** Asks the reference policy about completions whose rewards the answer changes. */
    record Refer(MicroBatch batch) implements Piece {}

    /** Scores the rows with the policy before its updates. */
    record Score(UpdatePlan.Pass pass) implements Piece {}

    /**
     * Trains on the rows.
     *
     * @param isFirst whether an update begins with it
     */
    record Train(UpdatePlan.Pass pass, boolean isFirst) implements Piece {}
  }

  private final PolicyVersion current;
  private final LearnerSettings settings;
  private final PolicyObjective objective;
  private final ObjectiveStatistics statistics;
  private final StepClock clock = new StepClock();
  private final Deque<Piece> pieces = new ArrayDeque<>();
  private final Optional<RewardDivergence> divergence;
  private TrainingBatch batch;
  private Optional<UpdatePlan> update = Optional.empty();
  private Optional<Fault> fault = Optional.empty();
  private int numUpdates;
  private double openLoss;
  private double sumLoss;
  private double sumNorm;

  OpenStep(
      TrainingBatch batch,
      PolicyVersion current,
      LearnerSettings settings,
      PolicyObjective objective) {
    this.batch = batch;
    this.current = current;
    this.settings = settings;
    this.objective = objective;
    this.statistics = new ObjectiveStatistics(settings.objective());
    boolean anyLive = batch.updates().stream().anyMatch(u -> !u.microBatches().isEmpty());
    this.divergence =
        anyLive && settings.objective().kl().isInReward()
            ? Optional.of(new RewardDivergence(settings.objective().kl()))
            : Optional.empty();
    if (divergence.isPresent()) {
      batch
          .counted(settings.microBatchTokens())
          .forEach(counted -> pieces.add(new Piece.Refer(counted)));
    }
    addUpdates();
  }

  private void addUpdates() {
    List<UpdatePlan> plans =
        batch.updates().stream()
            .filter(members -> !members.microBatches().isEmpty())
            .map(members -> new UpdatePlan(members, objective, current))
            .toList();
    boolean severalUpdates = plans.size() * settings.updatesPerBatch() > 1;
    if (settings.objective().needsScoresBefore()
        || (severalUpdates && settings.objective().needsOld())) {
      plans.forEach(plan -> plan.passes().forEach(pass -> pieces.add(new Piece.Score(pass))));
    }
    for (int round = 0; round < settings.updatesPerBatch(); round++) {
      for (UpdatePlan plan : plans) {
        UpdatePlan.Pass first = plan.passes().getFirst();
        plan.passes().forEach(pass -> pieces.add(new Piece.Train(pass, pass == first)));
      }
    }
  }

  /** What the reference policy says of the rewards, where it is asked. */
  RewardDivergence divergence() {
    return divergence.orElseThrow();
  }

  /** Takes the divergence from the rewards once all of it is known: the same pieces follow. */
  void lowerRewards(Advantages advantages) {
    if (!(pieces.peek() instanceof Piece.Refer)) {
      batch = batch.less(divergence().ofGroups(), advantages);
      pieces.clear();
      addUpdates();
    }
  }

  TrainingBatch batch() {
    return batch;
  }

  PolicyVersion current() {
    return current;
  }

  ObjectiveStatistics statistics() {
    return statistics;
  }

  StepClock clock() {
    return clock;
  }

  int numPieces() {
    return pieces.size();
  }

  Piece next() {
    if (pieces.isEmpty()) {
      throw new IllegalStateException("all micro-batches of the step have been run");
    }
    return pieces.remove();
  }

  /** The update whose gradients are being collected. */
  Optional<UpdatePlan> update() {
    return update;
  }

  void open(UpdatePlan next) {
    update = Optional.of(next);
    openLoss = 0;
  }

  void addLoss(double loss) {
    openLoss += loss;
  }

  /** Which tokens the weights as they are have sampled: none once an update has moved them. */
  boolean[] sampledByCurrent(MicroBatch.Rows rows) {
    return numUpdates == 0 ? rows.sameVersion() : new boolean[rows.sameVersion().length];
  }

  /** Ends the open update; the weights have moved. */
  void taken(double gradientNorm) {
    update = Optional.empty();
    numUpdates++;
    sumLoss += openLoss;
    sumNorm += gradientNorm;
  }

  /** Ends the step here; the open update leaves no trace. */
  void stop(String reason, List<GroupId> culprits) {
    update = Optional.empty();
    fault = Optional.of(new Fault(reason, culprits));
  }

  Optional<Fault> fault() {
    return fault;
  }

  /** Optimizer updates that the weights have gone through in this step. */
  int numUpdates() {
    return numUpdates;
  }

  /** By the names of metrics.jsonl; means over the updates where they have one value each. */
  SortedMap<String, Double> metrics() {
    SortedMap<String, Double> metrics = new TreeMap<>(BatchMetrics.of(batch));
    metrics.putAll(statistics.metrics());
    divergence.ifPresent(asked -> metrics.putAll(asked.metrics()));
    if (fault.isEmpty() || numUpdates > 0) {
      int n = Math.max(numUpdates, 1);
      metrics.put("loss", sumLoss / n);
      metrics.put(StepMetrics.GRADIENT_NORM, sumNorm / n);
    }
    metrics.put("updates", (double) numUpdates);
    metrics.putAll(clock.metrics());
    return metrics;
  }
}
