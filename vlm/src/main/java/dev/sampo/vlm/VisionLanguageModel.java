package dev.sampo.vlm;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import dev.sampo.vlm.weights.Parameter.Part;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.SortedMap;

/**
 * A policy: one model family with its weights on one device. Not thread-safe; every call runs on
 * the thread that owns the device.
 */
public interface VisionLanguageModel extends PolicyScorer, AutoCloseable {

  Device device();

  /** Settings of the checkpoint that callers need, such as vocabulary size and end tokens. */
  ModelSettings settings();

  /**
   * All weights by their Hugging Face name, tied weights once, adapters by the name that PEFT gives
   * them, in name order. The arrays are the live storage: who writes to them changes the policy.
   */
  SortedMap<String, NDArray> parameters();

  /** Weights in all, tied ones once. */
  default long numParameters() {
    return parameters().values().stream().mapToLong(NDArray::size).sum();
  }

  /** The policy that the weights are without adapters; the same if there are none. */
  PolicyScorer withoutAdapters();

  /**
   * Takes a tree through the network, forwards and backwards, each prompt and each distinct image
   * once, and adds to the gradients of the parameters that require them. The total loss is the sum
   * of what {@code loss} returns. It is called once per block of whole consecutive rows, in order;
   * blocks bound the memory of logits and change nothing else.
   *
   * <p>Gradients are recorded while the pass runs, which the engine allows one thread of the JVM.
   *
   * @return false if {@code loss} gave up; gradients are not to be used then
   * @throws IllegalArgumentException as {@link #score}
   */
  boolean backward(PrefixTree tree, TrainingPass pass, BranchLoss loss);

  /**
   * What is trained: the adapters if the model has any, else all parameters.
   *
   * @param frozen parts that stay as they are, adapters on them included
   */
  SortedMap<String, NDArray> trainable(Set<Part> frozen);

  /** Weights in {@link #trainable}. */
  default long numTrainable(Set<Part> frozen) {
    return trainable(frozen).values().stream().mapToLong(NDArray::size).sum();
  }

  /**
   * Writes what {@link #trainable} may change: the adapters in the layout of PEFT if there are any,
   * else all weights in the layout that the model was loaded from.
   *
   * @throws IOException if they cannot be written; weights that the folder held before are kept
   */
  void save(Path folder) throws IOException;

  /**
   * Writes all weights, adapters merged into them, in the layout that the model was loaded from.
   *
   * @return whether a head that was tied to the embedding has become one of its own, so that {@code
   *     config.json} must say {@code "tie_word_embeddings": false}
   * @throws IOException if they cannot be written; weights that the folder held before are kept
   */
  boolean saveMerged(Path folder) throws IOException;

  /** Opens key/value storage for generation; the caller closes it. */
  GenerationCache newCache(GenerationCache.Capacity capacity);

  @Override
  void close();
}
