package dev.sampo.vlm.weights.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.ops.OptimizerOps;
import dev.sampo.vlm.weights.StoredTensor;
import dev.sampo.vlm.weights.WeightArrays;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * An immutable copy of all weights of a model. Whatever the optimizer does to the model afterwards,
 * the copy stays. Safe for several threads.
 */
public final class WeightSnapshot {
  private final SortedMap<String, StoredTensor> tensors;
  private final String sha256;

  private WeightSnapshot(SortedMap<String, StoredTensor> tensors) {
    this.tensors = Collections.unmodifiableSortedMap(tensors);
    this.sha256 = hash(tensors);
  }

  /** Copies the weights of a model, {@code VisionLanguageModel.parameters()}. */
  public static WeightSnapshot of(SortedMap<String, NDArray> parameters) {
    SortedMap<String, StoredTensor> tensors = new TreeMap<>();
    parameters.forEach((name, array) -> tensors.put(name, WeightArrays.store(array)));
    return new WeightSnapshot(tensors);
  }

  /** Takes over tensors that nobody writes to any more. */
  static WeightSnapshot owning(SortedMap<String, StoredTensor> tensors) {
    return new WeightSnapshot(new TreeMap<>(tensors));
  }

  /** The weights in name order. */
  public SortedMap<String, StoredTensor> tensors() {
    return tensors;
  }

  /**
   * SHA-256 over all weights in name order, each as its name, a zero byte and its elements;
   * lower-case hex. It identifies a policy version.
   */
  public String sha256() {
    return sha256;
  }

  /**
   * Overwrites the weights of a model with this copy.
   *
   * @throws ModelException if the model has other weights; nothing is written then
   */
  public void copyInto(SortedMap<String, NDArray> parameters) {
    if (!parameters.keySet().equals(tensors.keySet())) {
      throw new ModelException(
          "the model has %d weights and the snapshot %d, or other names"
              .formatted(parameters.size(), tensors.size()));
    }
    for (Map.Entry<String, NDArray> entry : parameters.entrySet()) {
      StoredTensor tensor = tensor(entry.getKey());
      if (entry.getValue().size() != tensor.numElements()) {
        throw new ModelException(
            "weight %s has shape %s in the model and %s in the snapshot"
                .formatted(entry.getKey(), entry.getValue().getShape(), tensor.shape()));
      }
    }
    if (parameters.isEmpty()) {
      return;
    }
    try (NDManager scope = parameters.values().iterator().next().getManager().newSubManager()) {
      List<NDArray> sources = new ArrayList<>();
      parameters.forEach((name, array) ->
          sources.add(WeightArrays.load(tensor(name), WeightArrays.elementType(array), scope)));
      OptimizerOps.copy(scope, List.copyOf(parameters.values()), sources);
    }
  }

  private StoredTensor tensor(String name) {
    StoredTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new ModelException("the snapshot lacks weight " + name);
    }
    return tensor;
  }

  private static String hash(SortedMap<String, StoredTensor> tensors) {
    MessageDigest digest = Hashing.newSha256();
    tensors.forEach((name, tensor) -> {
      digest.update(name.getBytes(UTF_8));
      digest.update((byte) 0);
      tensor.read(piece -> digest.update(piece.asByteBuffer()));
    });
    return HexFormat.of().formatHex(digest.digest());
  }
}
