package dev.sampo.protocol;

import java.util.List;

/**
 * The durable record of one optimizer step, written before its version is published. Together with
 * the scored groups it names, it is what a replay needs to take the same step again.
 *
 * @param version the version that resulted
 * @param groups the groups trained on, in order
 * @param microBatches how many consecutive groups went into each micro-batch; empty if none was
 *     trained on, and of a step that was left out, whose replay packs them anew
 * @param learningRate the learning rate of the step; 0 of one that was left out
 */
public record StepCommitted(
    PolicyVersion version, List<GroupId> groups, List<Integer> microBatches, double learningRate) {
  public StepCommitted {
    groups = List.copyOf(groups);
    microBatches = List.copyOf(microBatches);
  }
}
