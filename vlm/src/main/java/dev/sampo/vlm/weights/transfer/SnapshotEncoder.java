package dev.sampo.vlm.weights.transfer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes all weights of a version, which need nothing else to be read.
 *
 * @param maxShardBytes a file holds at most this much, unless a single tensor is larger
 */
public record SnapshotEncoder(long maxShardBytes) {

  /**
   * Writes the files of a snapshot.
   *
   * @param folder where they go; created if absent
   * @return the files in order
   * @throws IOException if a file cannot be written
   */
  public List<ShardFile> write(WeightSnapshot snapshot, Path folder) throws IOException {
    return ShardWriter.write(folder, "snapshot", maxShardBytes, snapshot.tensors());
  }
}
