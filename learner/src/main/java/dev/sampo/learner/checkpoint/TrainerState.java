package dev.sampo.learner.checkpoint;

import dev.sampo.protocol.PolicyVersion;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a resumed run needs beside weights and tensors. No generator of random numbers is in it:
 * whatever is drawn is a function of the seed and the step.
 *
 * @param version the policy that the checkpoint holds; its step counts the steps taken
 * @param totalSteps steps of the run, which the learning rates depend on
 * @param seed seed of the run
 * @param settings the settings that decide what the run ends in, as text by key
 * @param progress whatever the driver keeps, such as its place in the data, by name
 */
public record TrainerState(
    PolicyVersion version,
    long totalSteps,
    long seed,
    Map<String, String> settings,
    Map<String, String> progress) {
  public TrainerState {
    settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
    progress = Collections.unmodifiableSortedMap(new TreeMap<>(progress));
  }

  /** Steps taken. */
  public long step() {
    return version.step();
  }
}
