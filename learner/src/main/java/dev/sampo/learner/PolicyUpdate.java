package dev.sampo.learner;

import dev.sampo.learner.advantage.Advantages;
import dev.sampo.learner.batch.MicroBatch;
import dev.sampo.learner.batch.PromptEncoder;
import dev.sampo.learner.batch.TrainingBatch;
import dev.sampo.learner.objective.PolicyObjective;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.learner.optimizer.LearningRateSchedule;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.ops.Gradients;
import dev.sampo.vlm.ops.NativeThreads;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * Steps of a policy, each one optimizer update or several over one batch of groups, driven in small
 * pieces so that whoever drives stays responsive:
 *
 * <pre>
 *   idle --begin--> collecting --microBatch (as often as begin says)--> collecting --finish--> idle
 * </pre>
 *
 * <p>One thread makes all calls. Gradients are recorded during a micro-batch only, which is when
 * the engine allows no other learner in the JVM, and add up over the micro-batches of an update.
 * Given the same weights, optimizer state, groups and packing, a step on one thread ends in the
 * same bits.
 */
public final class PolicyUpdate implements AutoCloseable {
  private final VisionLanguageModel policy;
  private final ReferencePolicy reference;
  private final LearnerSettings settings;
  private final LearningRateSchedule learningRates;
  private final long seed;
  private final AdamW optimizer;
  private final PolicyObjective objective;
  private final Advantages advantages;
  private final StepPasses passes;
  private @Nullable OpenStep open;

  /**
   * The run that steps belong to.
   *
   * @param totalSteps steps of the run, for the learning rate
   * @param seed decides what dropout drops
   * @param rewardWeights weight of every reward function by name
   */
  public record Run(long totalSteps, long seed, Map<String, Double> rewardWeights) {
    public Run {
      rewardWeights = Map.copyOf(rewardWeights);
    }
  }

  /**
   * Prepares to train a policy; the caller keeps owning the models.
   *
   * @param policy its trainable weights are those that {@code optimizer} holds
   * @param reference not {@link ReferencePolicy#none} exactly when the objective needs one
   */
  public PolicyUpdate(
      VisionLanguageModel policy,
      ReferencePolicy reference,
      AdamW optimizer,
      LearnerSettings settings,
      Run run,
      PromptEncoder encoder) {
    if (reference.scorer().isPresent() != settings.objective().needsReference()) {
      throw new IllegalArgumentException(
          "there is a reference policy exactly when beta is above 0, beta is "
              + settings.objective().kl().beta());
    }
    this.policy = policy;
    this.reference = reference;
    this.settings = settings;
    this.learningRates = settings.learningRates(run.totalSteps());
    this.seed = run.seed();
    this.optimizer = optimizer;
    this.objective = new PolicyObjective(settings.objective());
    this.advantages = settings.objective().advantages(run.rewardWeights());
    this.passes = new StepPasses(policy, reference, optimizer, objective, settings, encoder);
  }

  /**
   * Opens a step.
   *
   * @param groups the groups to train on, in order
   * @param current the version of the policy as it is now; its step counts the steps taken
   * @return how often to call {@link #microBatch}; 0 if nothing of the groups is live
   */
  public int begin(List<ScoredGroup> groups, PolicyVersion current) {
    return begin(
        TrainingBatch.pack(
            groups, advantages, settings.groupsPerUpdate(), settings.microBatchTokens()),
        current);
  }

  /**
   * As {@link #begin(List, PolicyVersion)}, with the packing of a recorded step.
   *
   * @throws IllegalArgumentException if it is the packing of other groups or settings
   */
  public int begin(List<ScoredGroup> groups, List<Integer> packing, PolicyVersion current) {
    return begin(
        TrainingBatch.of(groups, advantages, settings.groupsPerUpdate(), packing), current);
  }

  private int begin(TrainingBatch batch, PolicyVersion current) {
    if (open != null) {
      throw new IllegalStateException("a step is open already");
    }
    NativeThreads.use(settings.threads());
    Gradients.seed(seed, current.step());
    var step = new OpenStep(batch, current, settings, objective);
    open = step;
    return step.numPieces();
  }

  /**
   * Passes the next micro-batch through the network, and takes the update before if this one begins
   * another. After a loss or gradient that is not finite the rest of the step is left out.
   *
   * @throws LearnerException if a prompt cannot be encoded; the step stays open, {@link #abandon}
   *     ends it
   */
  public void microBatch() {
    OpenStep step = requireOpen();
    switch (step.next()) {
      case OpenStep.Piece.Refer(MicroBatch batch) -> {
        passes.refer(step, batch);
        step.lowerRewards(advantages);
      }
      case OpenStep.Piece.Score(UpdatePlan.Pass pass) -> passes.scoreBefore(step, pass);
      case OpenStep.Piece.Train(UpdatePlan.Pass pass, boolean isFirst) -> {
        if (isFirst) {
          takeUpdate(step);
          if (step.fault().isEmpty()) {
            optimizer.zeroGradients();
            step.open(pass.update());
          }
        }
        if (step.fault().isEmpty()) {
          passes.train(step, pass);
        }
      }
    }
  }

  /** Moves the weights by the gradients of the open update, if there is one. */
  private void takeUpdate(OpenStep step) {
    if (step.fault().isPresent() || step.update().isEmpty()) {
      return;
    }
    double norm = optimizer.gradientNorm();
    if (!Double.isFinite(norm)) {
      step.stop(
          "a gradient is not finite", passes.culpritsOfGradient(step, step.update().orElseThrow()));
      return;
    }
    step.clock().time("optimizer", () -> optimizer.step(learningRate(step), norm));
    step.taken(norm);
  }

  private double learningRate(OpenStep step) {
    return learningRates.at(step.current().step());
  }

  /**
   * Takes the last update, unless its loss or gradients are not finite, and closes the step. A step
   * of which nothing is live takes none: the weights stay, and it counts as a step.
   */
  public StepResult finish() {
    OpenStep step = requireOpen();
    if (step.numPieces() > 0) {
      throw new IllegalStateException(step.numPieces() + " micro-batches have not been run");
    }
    takeUpdate(step);
    abandon();
    SortedMap<String, Double> metrics = step.metrics();
    if (step.fault().isPresent() && step.numUpdates() == 0) {
      OpenStep.Fault fault = step.fault().orElseThrow();
      return new StepResult.Skipped(fault.reason(), fault.groups(), metrics);
    }
    long taken = step.current().step() + 1;
    reference.follow(policy, taken);
    metrics.put("learning_rate", learningRate(step));
    return new StepResult.Taken(
        taken,
        learningRate(step),
        step.batch().ids(),
        step.batch().packing(),
        step.fault().map(OpenStep.Fault::groups).orElse(List.of()),
        metrics);
  }

  /** Closes the open step, if there is one. Updates that it has taken stay. */
  public void abandon() {
    open = null;
  }

  private OpenStep requireOpen() {
    if (open == null) {
      throw new IllegalStateException("no step is open");
    }
    return open;
  }

  /** Abandons an open step. */
  @Override
  public void close() {
    abandon();
    passes.close();
  }
}
