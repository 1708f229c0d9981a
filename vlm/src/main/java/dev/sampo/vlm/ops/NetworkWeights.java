package dev.sampo.vlm.ops;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * The weights of a native function: the arrays in the order in which it takes them, empty where
 * there is none, and low-rank adapters on some of them.
 *
 * @param arrays see the function
 * @param adapters see {@code linear} in common.torchscript; one empty array for none
 * @param training the same with the dropout rate of training
 */
public record NetworkWeights(List<NDArray> arrays, List<NDArray> adapters, List<NDArray> training) {
  public NetworkWeights {
    arrays = List.copyOf(arrays);
    adapters = List.copyOf(adapters);
    training = List.copyOf(training);
  }

  /** Whether the calling thread records gradients for any of these weights. */
  public boolean areRecorded() {
    return Gradients.areRecordedFor(arrays) || Gradients.areRecordedFor(adapters);
  }

  /** What a function takes: dropout only where gradients are recorded. */
  List<NDArray> adapters(boolean recording) {
    return recording ? training : adapters;
  }
}
