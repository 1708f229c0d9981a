package dev.sampo.learner;

import dev.sampo.protocol.GroupId;
import java.util.List;
import java.util.SortedMap;

/** How an optimizer step ended. */
public sealed interface StepResult {

  /** What was measured, by the names of metrics.jsonl. */
  SortedMap<String, Double> metrics();

  /**
   * The weights have changed.
   *
   * @param step optimizer steps taken, this one included
   * @param learningRate the learning rate of the step
   * @param groups the groups trained on, in order
   * @param microBatches how many consecutive groups went into each micro-batch
   */
  record Taken(
      long step,
      double learningRate,
      List<GroupId> groups,
      List<Integer> microBatches,
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
