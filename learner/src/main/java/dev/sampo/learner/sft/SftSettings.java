package dev.sampo.learner.sft;

import dev.sampo.learner.optimizer.AdamWSettings;
import dev.sampo.learner.optimizer.LearningRateSchedule;
import dev.sampo.learner.optimizer.ScheduleShape;
import dev.sampo.learner.option.Rules;
import java.util.List;

/**
 * A supervised run. The learning rate has one schedule and the optimizer one state over all phases.
 *
 * @param phases what to train on, in order
 * @param learningRate the peak of the schedule
 * @param schedule how the learning rate decays
 * @param warmUpSteps steps over which the learning rate rises linearly
 * @param warmUpShare the same as a share of all steps; the longer of the two counts
 * @param decayFrom share of all steps after which the decay begins, not before the warm-up ends
 * @param decayTo share of the peak that is left at the end
 * @param weightDecay decoupled decay of matrices
 * @param beta1 decay of the mean of the gradients
 * @param beta2 decay of the mean of their squares
 * @param epsilon added to the root of that mean
 * @param maxGradNorm gradients longer than this are scaled down to it; 0 leaves them as they are
 * @param microBatchTokens tokens that pass the network at once
 * @param recompute whether layers are computed once more in the backward pass rather than kept
 * @param logitTokens tokens whose logits exist at the same time
 * @param threads threads of one operation
 */
public record SftSettings(
    List<SftPhase> phases,
    double learningRate,
    ScheduleShape schedule,
    long warmUpSteps,
    double warmUpShare,
    double decayFrom,
    double decayTo,
    double weightDecay,
    double beta1,
    double beta2,
    double epsilon,
    double maxGradNorm,
    int microBatchTokens,
    boolean recompute,
    int logitTokens,
    int threads) {
  public SftSettings {
    phases = List.copyOf(phases);
    Rules.require(
        learningRate > 0 && Double.isFinite(learningRate), "learning-rate", "> 0", learningRate);
    Rules.require(warmUpSteps >= 0, "warm-up-steps", ">= 0", warmUpSteps);
    Rules.require(warmUpShare >= 0 && warmUpShare <= 1, "warm-up-share", "in [0, 1]", warmUpShare);
    Rules.require(decayFrom >= 0 && decayFrom <= 1, "decay-from", "in [0, 1]", decayFrom);
    Rules.require(decayTo >= 0 && decayTo <= 1, "decay-to", "in [0, 1]", decayTo);
    Rules.require(microBatchTokens >= 1, "micro-batch-tokens", ">= 1", microBatchTokens);
    Rules.require(logitTokens >= 1, "logit-tokens", ">= 1", logitTokens);
    Rules.require(threads >= 1, "threads", ">= 1", threads);
    new AdamWSettings(weightDecay, beta1, beta2, epsilon, maxGradNorm);
  }

  /** Optimizer steps of all phases. */
  public long totalSteps() {
    return phases.stream().mapToLong(SftPhase::steps).sum();
  }

  /** The optimizer's part. */
  public AdamWSettings optimizer() {
    return new AdamWSettings(weightDecay, beta1, beta2, epsilon, maxGradNorm);
  }

  /** The learning rates of the run. */
  public LearningRateSchedule learningRates() {
    long warmUp = LearningRateSchedule.warmUp(warmUpSteps, warmUpShare, totalSteps());
    long plateauEnd = Math.max(warmUp, Math.round(decayFrom * totalSteps()));
    long decaySteps = Math.max(totalSteps() - plateauEnd, 0);
    return new LearningRateSchedule(
        schedule, learningRate, warmUp, totalSteps(), decaySteps, decayTo);
  }
}
