package dev.sampo.learner;

import dev.sampo.learner.objective.KlSettings;
import dev.sampo.learner.objective.ObjectivePreset;
import dev.sampo.learner.objective.ObjectiveSettings;
import dev.sampo.learner.optimizer.AdamWSettings;
import dev.sampo.learner.optimizer.ScheduleShape;

/** Settings of a learner for tests, one changed at a time. */
public final class TestSettings {
  private int updatesPerBatch = 1;
  private int groupsPerUpdate;
  private double learningRate = 0.05;
  private ScheduleShape schedule = ScheduleShape.CONSTANT;
  private long warmUpSteps;
  private AdamWSettings optimizer = new AdamWSettings(0.01, 0.9, 0.99, 1e-8, 1);
  private int microBatchTokens = 1000;
  private boolean recompute;
  private int logitTokens = 1024;
  private ReferenceSettings reference = ReferenceSettings.FIXED;
  private ObjectiveSettings objective = ObjectivePreset.GRPO.settings().withKl(KlSettings.none());

  public TestSettings updatesPerBatch(int value) {
    updatesPerBatch = value;
    return this;
  }

  public TestSettings groupsPerUpdate(int value) {
    groupsPerUpdate = value;
    return this;
  }

  public TestSettings learningRate(double value, ScheduleShape shape, long warmUp) {
    learningRate = value;
    schedule = shape;
    warmUpSteps = warmUp;
    return this;
  }

  public TestSettings optimizer(AdamWSettings value) {
    optimizer = value;
    return this;
  }

  public TestSettings microBatchTokens(int value) {
    microBatchTokens = value;
    return this;
  }

  public TestSettings kernels(boolean recomputes, int logits) {
    recompute = recomputes;
    logitTokens = logits;
    return this;
  }

  public TestSettings reference(ReferenceSettings value) {
    reference = value;
    return this;
  }

  public TestSettings objective(ObjectiveSettings value) {
    objective = value;
    return this;
  }

  /** Up to four groups a step on one thread, everything else as in VLM-R1. */
  public LearnerSettings build() {
    return new LearnerSettings(
        4,
        0,
        updatesPerBatch,
        groupsPerUpdate,
        learningRate,
        schedule,
        warmUpSteps,
        0,
        optimizer.weightDecay(),
        optimizer.beta1(),
        optimizer.beta2(),
        optimizer.epsilon(),
        optimizer.maxGradNorm(),
        microBatchTokens,
        recompute,
        logitTokens,
        1,
        reference,
        objective);
  }
}
