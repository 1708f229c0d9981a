package dev.sampo.vlm.weights.transfer;

import dev.sampo.vlm.weights.StoredTensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Writes what turns the weights of one version into those of another, losslessly.
 *
 * @param maxShardBytes a file holds at most this much, unless a single tensor is larger
 */
public record DeltaEncoder(long maxShardBytes) {

  /**
   * Writes the files of a delta.
   *
   * @param base what the reader has
   * @param target what the reader shall have; the same names, types and shapes as {@code base}
   * @param folder where they go; created if absent
   * @return the files in order
   * @throws IOException if a file cannot be written
   */
  public List<ShardFile> write(WeightSnapshot base, WeightSnapshot target, Path folder)
      throws IOException {
    SortedMap<String, StoredTensor> deltas = new TreeMap<>();
    for (Map.Entry<String, StoredTensor> entry : target.tensors().entrySet()) {
      StoredTensor from = base.tensors().get(entry.getKey());
      StoredTensor to = entry.getValue();
      if (from == null || from.type() != to.type() || !from.shape().equals(to.shape())) {
        throw new IllegalArgumentException(
            "a delta needs a base with the same weights, " + entry.getKey() + " differs");
      }
      deltas.put(entry.getKey(), TensorDelta.encode(from, to));
    }
    return ShardWriter.write(folder, "delta", maxShardBytes, deltas);
  }
}
