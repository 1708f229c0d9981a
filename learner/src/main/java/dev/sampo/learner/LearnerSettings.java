package dev.sampo.learner;

import dev.sampo.learner.advantage.GroupFilter;
import dev.sampo.learner.objective.ObjectiveSettings;
import dev.sampo.learner.optimizer.AdamWSettings;
import dev.sampo.learner.optimizer.LearningRateSchedule;
import dev.sampo.learner.optimizer.ScheduleShape;
import dev.sampo.learner.option.Rules;

/**
 * How the learner takes its steps.
 *
 * @param groupsPerStep groups of one step: what is trained on between two versions of the policy
 * @param maxExtraGroups most groups of a step that are replaced because the objective's filter
 *     leaves nothing of them to learn from; 0 replaces none
 * @param updatesPerBatch how often every group of a step is trained on
 * @param groupsPerUpdate groups of one optimizer update; 0 takes all groups of the step
 * @param learningRate the peak of the schedule
 * @param schedule how the learning rate goes on after the warm-up
 * @param warmUpSteps steps over which the learning rate rises linearly
 * @param warmUpShare the same as a share of the run; the longer of the two counts
 * @param weightDecay decoupled decay of matrices
 * @param beta1 decay of the mean of the gradients
 * @param beta2 decay of the mean of their squares
 * @param epsilon added to the root of that mean
 * @param maxGradNorm gradients longer than this are scaled down to it; 0 leaves them as they are
 * @param microBatchTokens tokens that pass the network at once
 * @param recompute whether layers are computed once more in the backward pass rather than kept
 * @param logitTokens tokens whose logits exist at the same time
 * @param threads threads of one operation; more than 1 changes the order of sums
 * @param reference whether the reference policy follows
 * @param objective what an update minimises
 */
public record LearnerSettings(
    int groupsPerStep,
    int maxExtraGroups,
    int updatesPerBatch,
    int groupsPerUpdate,
    double learningRate,
    ScheduleShape schedule,
    long warmUpSteps,
    double warmUpShare,
    double weightDecay,
    double beta1,
    double beta2,
    double epsilon,
    double maxGradNorm,
    int microBatchTokens,
    boolean recompute,
    int logitTokens,
    int threads,
    ReferenceSettings reference,
    ObjectiveSettings objective) {
  public LearnerSettings {
    Rules.require(groupsPerStep >= 1, "groups-per-step", ">= 1", groupsPerStep);
    Rules.require(maxExtraGroups >= 0, "max-extra-groups", ">= 0", maxExtraGroups);
    Rules.require(updatesPerBatch >= 1, "updates-per-batch", ">= 1", updatesPerBatch);
    Rules.require(
        groupsPerUpdate >= 0 && groupsPerUpdate <= groupsPerStep,
        "groups-per-update",
        "in 0..groups-per-step",
        groupsPerUpdate);
    Rules.require(
        learningRate > 0 && Double.isFinite(learningRate), "learning-rate", "> 0", learningRate);
    Rules.require(warmUpSteps >= 0, "warm-up-steps", ">= 0", warmUpSteps);
    Rules.require(warmUpShare >= 0 && warmUpShare <= 1, "warm-up-share", "in [0, 1]", warmUpShare);
    Rules.require(microBatchTokens >= 1, "micro-batch-tokens", ">= 1", microBatchTokens);
    Rules.require(logitTokens >= 1, "logit-tokens", ">= 1", logitTokens);
    Rules.require(threads >= 1, "threads", ">= 1", threads);
    new AdamWSettings(weightDecay, beta1, beta2, epsilon, maxGradNorm);
    boolean filters = !objective.filter().equals(GroupFilter.NONE);
    if (maxExtraGroups > 0 && (!filters || objective.kl().isInReward())) {
      throw new IllegalArgumentException(
          "max-extra-groups must be 0 where objective.filter leaves nothing out, and where"
              + " objective.kl.place is reward, so that scores do not tell what it leaves out, got "
              + maxExtraGroups);
    }
    if (reference.isSynced() && !objective.needsReference()) {
      throw new IllegalArgumentException(
          "reference.sync-every must be 0 where objective.kl.beta is 0: there is no reference, got "
              + reference.syncEvery());
    }
  }

  /** The optimizer's part. */
  public AdamWSettings optimizer() {
    return new AdamWSettings(weightDecay, beta1, beta2, epsilon, maxGradNorm);
  }

  /** The learning rates of a run of that many steps. */
  public LearningRateSchedule learningRates(long totalSteps) {
    long warmUp = LearningRateSchedule.warmUp(warmUpSteps, warmUpShare, totalSteps);
    return LearningRateSchedule.over(schedule, learningRate, warmUp, totalSteps);
  }

  /** Optimizer updates of one step, if no group of it is left out. */
  public int updatesPerStep() {
    int cuts = groupsPerUpdate == 0 ? 1 : Math.ceilDiv(groupsPerStep, groupsPerUpdate);
    return updatesPerBatch * cuts;
  }
}
