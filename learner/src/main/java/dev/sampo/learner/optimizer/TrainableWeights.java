package dev.sampo.learner.optimizer;

import ai.djl.ndarray.NDArray;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/** Which weights of a model are trained. */
public final class TrainableWeights {
  /** How Hugging Face names begin for everything that belongs to the vision tower. */
  private static final String VISION = "visual.";

  private TrainableWeights() {}

  /**
   * The weights to hand to the optimizer; the others get no gradient.
   *
   * @param parameters all weights of a model by name
   * @param freezeVision whether the vision tower, its merger included, stays as it is
   */
  public static SortedMap<String, NDArray> of(
      SortedMap<String, NDArray> parameters, boolean freezeVision) {
    SortedMap<String, NDArray> trainable = new TreeMap<>(parameters);
    if (freezeVision) {
      trainable.keySet().removeIf(name -> name.startsWith(VISION));
    }
    return Collections.unmodifiableSortedMap(trainable);
  }
}
