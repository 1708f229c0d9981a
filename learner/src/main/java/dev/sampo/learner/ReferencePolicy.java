package dev.sampo.learner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.PolicyScorer;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.ops.OptimizerOps;
import dev.sampo.vlm.weights.StoredTensor;
import dev.sampo.vlm.weights.TensorSource;
import dev.sampo.vlm.weights.WeightArrays;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a policy is held against: the policy that its run starts from, unless it follows the policy
 * (see {@link ReferenceSettings}). Runs on the thread that owns the policy.
 */
public final class ReferencePolicy implements AutoCloseable {
  private final Optional<PolicyScorer> scorer;
  private final Optional<VisionLanguageModel> copy;
  private final ReferenceSettings settings;

  private ReferencePolicy(
      Optional<PolicyScorer> scorer,
      Optional<VisionLanguageModel> copy,
      ReferenceSettings settings) {
    this.scorer = scorer;
    this.copy = copy;
    this.settings = settings;
  }

  /** None: the objective holds the policy against nothing. */
  public static ReferencePolicy none() {
    return new ReferencePolicy(Optional.empty(), Optional.empty(), ReferenceSettings.FIXED);
  }

  /**
   * The policy itself with its adapters switched off. It costs no memory, and is what a policy
   * starts from whose adapters are new.
   */
  public static ReferencePolicy withoutAdapters(VisionLanguageModel policy) {
    return new ReferencePolicy(
        Optional.of(policy.withoutAdapters()), Optional.empty(), ReferenceSettings.FIXED);
  }

  /** A model of its own, which is closed with this. */
  public static ReferencePolicy copy(VisionLanguageModel model, ReferenceSettings settings) {
    return new ReferencePolicy(Optional.of(model), Optional.of(model), settings);
  }

  /** What scores tokens; empty for {@link #none}. */
  public Optional<PolicyScorer> scorer() {
    return scorer;
  }

  /**
   * Follows the policy if a step is one after which it does.
   *
   * @param policy has the parameters of the copy
   * @param step steps taken
   */
  void follow(VisionLanguageModel policy, long step) {
    if (copy.isEmpty() || !settings.isSynced() || step % settings.syncEvery() != 0) {
      return;
    }
    SortedMap<String, NDArray> sources = policy.parameters();
    List<NDArray> targets = new ArrayList<>();
    List<NDArray> present = new ArrayList<>();
    copy.orElseThrow()
        .parameters()
        .forEach((name, target) -> {
          targets.add(target);
          present.add(find(sources, name));
        });
    try (NDManager scope = targets.getFirst().getManager().newSubManager()) {
      OptimizerOps.blend(scope, targets, present, settings.mix());
    }
  }

  private static NDArray find(SortedMap<String, NDArray> arrays, String name) {
    NDArray array = arrays.get(name);
    if (array == null) {
      throw new IllegalArgumentException("the policy has no parameter " + name);
    }
    return array;
  }

  /**
   * What a checkpoint has to keep so that a resumed run goes on with the same reference: its
   * weights if they change, else nothing. They are read when the values are.
   */
  public SortedMap<String, TensorSource> state() {
    SortedMap<String, TensorSource> tensors = new TreeMap<>();
    if (settings.isSynced()) {
      copy.ifPresent(model ->
          model.parameters().forEach((name, array) -> tensors.put(name, WeightArrays.view(array))));
    }
    return tensors;
  }

  /**
   * Goes on with the weights that {@link #state} gave.
   *
   * @throws LearnerException if they belong to another reference
   */
  public void restore(SortedMap<String, StoredTensor> tensors) {
    if (!tensors.keySet().equals(state().keySet())) {
      throw new LearnerException(
          "the checkpoint has %d tensors of a reference model, this run has %d, or other names"
              .formatted(tensors.size(), state().size()));
    }
    copy.ifPresent(model ->
        tensors.forEach((name, tensor) -> {
          NDArray target = find(model.parameters(), name);
          try (NDManager scope = target.getManager().newSubManager()) {
            NDArray source = WeightArrays.load(tensor, WeightArrays.elementType(target), scope);
            if (!source.getShape().equals(target.getShape())) {
              throw new LearnerException(
                  "the checkpoint has a reference %s of shape %s, this run has %s"
                      .formatted(name, source.getShape(), target.getShape()));
            }
            OptimizerOps.copy(scope, List.of(target), List.of(source));
          }
        }));
  }

  @Override
  public void close() {
    copy.ifPresent(VisionLanguageModel::close);
  }
}
