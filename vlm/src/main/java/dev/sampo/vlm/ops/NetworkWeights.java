package dev.sampo.vlm.ops;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

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

  /**
   * Whether a gradient is asked for in some of the slots.
   *
   * @param from first slot
   * @param to end of the slots
   */
  public boolean requireGradients(int from, int to) {
    return arrays.subList(from, to).stream().anyMatch(NDArray::hasGradient)
        || adaptersOf(from, to).anyMatch(NDArray::hasGradient);
  }

  private Stream<NDArray> adaptersOf(int from, int to) {
    if (adapters.size() == 1) {
      return Stream.empty();
    }
    long[] places = adapters.getFirst().toLongArray();
    return IntStream.range(from, to)
        .filter(slot -> places[slot] > 0)
        .mapToObj(slot -> (int) places[slot])
        .flatMap(place -> Stream.of(adapters.get(place), adapters.get(place + 1)));
  }

  /** Whether what training drops is drawn at random. */
  public boolean dropOut() {
    return training.size() > 1 && training.get(2).toDoubleArray()[0] > 0;
  }

  /** What a function takes: dropout only where gradients are recorded. */
  List<NDArray> adapters(boolean recording) {
    return recording ? training : adapters;
  }
}
