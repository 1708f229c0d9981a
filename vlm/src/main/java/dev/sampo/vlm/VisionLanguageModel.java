package dev.sampo.vlm;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.SortedMap;

/**
 * A policy: one model family with its weights on one device. Not thread-safe; every call runs on
 * the thread that owns the device.
 */
public interface VisionLanguageModel extends AutoCloseable {

  Device device();

  /** Settings of the checkpoint that callers need, such as vocabulary size and end tokens. */
  ModelSettings settings();

  /**
   * All weights by their Hugging Face name, tied weights once, in name order. The arrays are the
   * live storage: who writes to them changes the policy.
   */
  SortedMap<String, NDArray> parameters();

  /**
   * Scores the branches of a tree, the prompts and their images passing the network once.
   *
   * @param temperature divides the logits before the softmax, as in sampling
   * @param scope owns the result and everything in between
   */
  BranchScores score(PrefixTree tree, double temperature, NDManager scope);

  /** Opens key/value storage for generation; the caller closes it. */
  GenerationCache newCache(GenerationCache.Capacity capacity);

  @Override
  void close();
}
