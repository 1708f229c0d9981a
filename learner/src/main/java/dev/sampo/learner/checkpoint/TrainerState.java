package dev.sampo.learner.checkpoint;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a resumed run needs beside the weights and the moments of the optimizer.
 *
 * @param step optimizer steps taken
 * @param totalSteps steps of the run, which the learning rates depend on
 * @param seed seed of the run
 * @param weightsHash SHA-256 over the weights, as in a policy version
 * @param progress whatever the driver keeps, such as the data cursor, by name
 */
public record TrainerState(
    long step, long totalSteps, long seed, String weightsHash, Map<String, String> progress) {
  public TrainerState {
    progress = Collections.unmodifiableSortedMap(new TreeMap<>(progress));
  }
}
