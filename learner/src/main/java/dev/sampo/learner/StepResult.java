package dev.sampo.learner;

import dev.sampo.protocol.GroupId;
import java.util.List;
import java.util.SortedMap;

/** How a step ended. */
public sealed interface StepResult {

  /** What was measured, by the names of metrics.jsonl. */
  SortedMap<String, Double> metrics();

  /**
   * The step is taken. The weights have changed, unless nothing of the batch was live.
   *
   * @param step steps taken, this one included
   * @param learningRate the learning rate of the step
   * @param groups the groups of the step, in order
   * @param microBatches how many consecutive groups, of those with live tokens, went into each
   *     micro-batch
   * @param notFinite groups to blame when a later one of several updates had a loss or a gradient
   *     that was not finite: that update and those after it were left out. Empty as a rule
   */
  record Taken(
      long step,
      double learningRate,
      List<GroupId> groups,
      List<Integer> microBatches,
      List<GroupId> notFinite,
      SortedMap<String, Double> metrics)
      implements StepResult {}

  /**
   * The weights are as they were, because the loss or a gradient was not finite.
   *
   * @param reason one line
   * @param groups the groups that caused it, as far as that can be told, in order
   */
  record Skipped(String reason, List<GroupId> groups, SortedMap<String, Double> metrics)
      implements StepResult {}
}
