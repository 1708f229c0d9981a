package dev.sampo.learner;

import ai.djl.ndarray.NDArray;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.weights.Parameter.Part;
import dev.sampo.vlm.weights.WeightArrays;
import java.util.Collection;
import java.util.Set;

/**
 * What a learner holds from its first step to its last, in bytes. What a pass records, and features
 * that are kept of images, come on top.
 *
 * @param weights of the policy, adapters included
 * @param gradients of what is trained, in its type
 * @param optimizer moments; masters and float32 sums of gradients where the model is not float32
 * @param reference a copy as the reference; 0 where there is none
 */
public record LearnerMemory(long weights, long gradients, long optimizer, long reference) {

  /**
   * That of a learner whose policy has been opened.
   *
   * @param frozen parts that are not trained
   * @param copiesReference whether the reference is a model of its own
   */
  public static LearnerMemory of(
      VisionLanguageModel policy, Set<Part> frozen, boolean copiesReference) {
    Collection<NDArray> trained = policy.trainable(frozen).values();
    long weights = bytes(policy.parameters().values());
    return new LearnerMemory(
        weights, bytes(trained), AdamW.bytes(trained), copiesReference ? weights : 0);
  }

  private static long bytes(Collection<NDArray> arrays) {
    return arrays.stream()
        .mapToLong(array -> array.size() * WeightArrays.elementType(array).bytes())
        .sum();
  }

  /** All of it. */
  public long total() {
    return weights + gradients + optimizer + reference;
  }
}
