package dev.sampo.learner;

import dev.sampo.learner.objective.ObjectiveSettings;
import dev.sampo.learner.optimizer.AdamWSettings;
import dev.sampo.learner.optimizer.LearningRateSchedule;
import dev.sampo.learner.optimizer.ScheduleShape;

/**
 * How the learner takes its steps.
 *
 * @param groupsPerStep groups of one optimizer step
 * @param learningRate the peak of the schedule
 * @param schedule how the learning rate goes on after the warm-up
 * @param warmUpSteps steps over which the learning rate rises linearly
 * @param weightDecay decoupled decay of matrices
 * @param beta1 decay of the mean of the gradients
 * @param beta2 decay of the mean of their squares
 * @param epsilon added to the root of that mean
 * @param maxGradNorm gradients longer than this are scaled down to it; 0 leaves them as they are
 * @param microBatchTokens tokens that pass the network at once
 * @param threads threads of one operation; more than 1 changes the order of sums
 * @param objective what a step minimises
 */
public record LearnerSettings(
    int groupsPerStep,
    double learningRate,
    ScheduleShape schedule,
    long warmUpSteps,
    double weightDecay,
    double beta1,
    double beta2,
    double epsilon,
    double maxGradNorm,
    int microBatchTokens,
    int threads,
    ObjectiveSettings objective) {
  public LearnerSettings {
    require(groupsPerStep >= 1, "groups-per-step", ">= 1", groupsPerStep);
    require(
        learningRate > 0 && Double.isFinite(learningRate), "learning-rate", "> 0", learningRate);
    require(warmUpSteps >= 0, "warm-up-steps", ">= 0", warmUpSteps);
    require(microBatchTokens >= 1, "micro-batch-tokens", ">= 1", microBatchTokens);
    require(threads >= 1, "threads", ">= 1", threads);
    new AdamWSettings(weightDecay, beta1, beta2, epsilon, maxGradNorm);
  }

  /** The optimizer's part. */
  public AdamWSettings optimizer() {
    return new AdamWSettings(weightDecay, beta1, beta2, epsilon, maxGradNorm);
  }

  /** The learning rates of a run of that many steps. */
  public LearningRateSchedule learningRates(long totalSteps) {
    return LearningRateSchedule.over(schedule, learningRate, warmUpSteps, totalSteps);
  }

  private static void require(boolean holds, String name, String rule, Number got) {
    if (!holds) {
      throw new IllegalArgumentException(name + " must be " + rule + ", got " + got);
    }
  }
}
