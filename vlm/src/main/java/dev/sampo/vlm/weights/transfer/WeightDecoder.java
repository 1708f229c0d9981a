package dev.sampo.vlm.weights.transfer;

import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.weights.SafetensorsFile;
import dev.sampo.vlm.weights.StoredTensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Reads what the encoders wrote. Every file is checked against its hash before it is read and the
 * result against the hash of its version, so a result is either exactly what was published or an
 * exception, and nothing has been changed.
 */
public final class WeightDecoder {
  private WeightDecoder() {}

  /**
   * Reads a snapshot.
   *
   * @param folder where the files lie
   * @param shards the files in order
   * @param weightsHash {@link WeightSnapshot#sha256} of the version
   * @throws ModelException if a file cannot be read or a hash differs
   */
  public static WeightSnapshot snapshot(Path folder, List<ShardFile> shards, String weightsHash) {
    SortedMap<String, StoredTensor> tensors = new TreeMap<>();
    for (ShardFile shard : shards) {
      try (SafetensorsFile file = open(folder, shard)) {
        file.tensors().forEach((name, tensor) -> tensors.put(name, copy(tensor)));
      }
    }
    return verified(tensors, weightsHash);
  }

  /**
   * Reads a delta.
   *
   * @param base the version that the delta starts from
   * @param folder where the files lie
   * @param shards the files in order
   * @param weightsHash {@link WeightSnapshot#sha256} of the version that results
   * @throws ModelException if a file cannot be read, the delta has another base, or a hash differs
   */
  public static WeightSnapshot delta(
      WeightSnapshot base, Path folder, List<ShardFile> shards, String weightsHash) {
    SortedMap<String, StoredTensor> tensors = new TreeMap<>(base.tensors());
    for (ShardFile shard : shards) {
      try (SafetensorsFile file = open(folder, shard)) {
        file.tensors()
            .forEach((name, delta) -> {
              StoredTensor from = base.tensors().get(name);
              if (from == null) {
                throw new ModelException(
                    "delta " + shard.name() + " changes the unknown weight " + name);
              }
              tensors.put(name, TensorDelta.apply(from, delta, name));
            });
      }
    }
    return verified(tensors, weightsHash);
  }

  private static SafetensorsFile open(Path folder, ShardFile shard) {
    Path path = folder.resolve(shard.name());
    try {
      String sha256 = Hashing.sha256(path);
      if (!sha256.equals(shard.sha256())) {
        throw new ModelException(
            "weight file %s has SHA-256 %s, announced was %s"
                .formatted(path, sha256, shard.sha256()));
      }
    } catch (IOException e) {
      throw new ModelException("cannot read weight file " + path + ": " + e.getMessage(), e);
    }
    return SafetensorsFile.open(path);
  }

  private static StoredTensor copy(StoredTensor tensor) {
    byte[] bytes = tensor.bytes().toArray(ValueLayout.JAVA_BYTE);
    return new StoredTensor(tensor.type(), tensor.shape(), MemorySegment.ofArray(bytes));
  }

  private static WeightSnapshot verified(
      SortedMap<String, StoredTensor> tensors, String weightsHash) {
    WeightSnapshot snapshot = WeightSnapshot.owning(tensors);
    if (!snapshot.sha256().equals(weightsHash)) {
      throw new ModelException(
          "the weights have SHA-256 %s, announced was %s"
              .formatted(snapshot.sha256(), weightsHash));
    }
    return snapshot;
  }
}
