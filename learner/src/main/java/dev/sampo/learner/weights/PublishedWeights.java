package dev.sampo.learner.weights;

import dev.sampo.learner.LearnerException;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.WeightDelta;
import dev.sampo.protocol.WeightShard;
import dev.sampo.vlm.weights.transfer.DeltaEncoder;
import dev.sampo.vlm.weights.transfer.ShardFile;
import dev.sampo.vlm.weights.transfer.SnapshotEncoder;
import dev.sampo.vlm.weights.transfer.WeightSnapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Writes versions of the policy into a folder, from where they are served. A version is published
 * as its difference to the one before, the first one whole; the newest can be had whole at any
 * time, for who joins late or missed a version. Files never change once written; those of old
 * versions are deleted. Not thread-safe.
 */
public final class PublishedWeights {
  private final Path folder;
  private final int keep;
  private final SnapshotEncoder snapshots;
  private final DeltaEncoder deltas;
  private final Deque<PolicyVersion> published = new ArrayDeque<>();
  private Optional<Newest> newest = Optional.empty();

  private record Newest(
      PolicyVersion version, WeightSnapshot weights, Optional<WeightDelta> snapshot) {}

  /**
   * Prepares a folder.
   *
   * @param folder belongs to this publisher alone
   * @param maxShardBytes a file holds at most this much, unless a single tensor is larger
   * @param keep how many versions stay on disk, at least 1
   */
  public PublishedWeights(Path folder, long maxShardBytes, int keep) {
    if (keep < 1 || maxShardBytes < 1) {
      throw new IllegalArgumentException(
          "at least 1 version is kept, in shards of at least 1 byte, got %d and %d"
              .formatted(keep, maxShardBytes));
    }
    this.folder = folder;
    this.keep = keep;
    this.snapshots = new SnapshotEncoder(maxShardBytes);
    this.deltas = new DeltaEncoder(maxShardBytes);
  }

  /**
   * Writes a version.
   *
   * @param weights its weights, whose hash the version carries
   * @return the announcement: a delta to the version published before, a snapshot if there is none
   * @throws LearnerException if the files cannot be written
   */
  public WeightDelta publish(PolicyVersion version, WeightSnapshot weights) {
    if (!version.weightsHash().equals(weights.sha256())) {
      throw new IllegalArgumentException(
          "version %d carries another hash than its weights".formatted(version.step()));
    }
    Optional<Newest> base = newest;
    try {
      if (base.isEmpty()) {
        deleteAll(folder); // of a process that was here before
        newest = Optional.of(new Newest(version, weights, Optional.empty()));
        published.addLast(version);
        return snapshot();
      }
      Newest before = base.orElseThrow();
      List<ShardFile> files = deltas.write(before.weights(), weights, folder(version));
      newest = Optional.of(new Newest(version, weights, Optional.empty()));
      published.addLast(version);
      deleteOld();
      return new WeightDelta(version, Optional.of(before.version()), shards(files));
    } catch (IOException e) {
      throw failed(version, e);
    }
  }

  /**
   * The newest version as a snapshot, written on first demand.
   *
   * @throws LearnerException if the files cannot be written
   */
  public WeightDelta snapshot() {
    Newest current =
        newest.orElseThrow(() -> new IllegalStateException("nothing has been published"));
    if (current.snapshot().isPresent()) {
      return current.snapshot().orElseThrow();
    }
    try {
      List<ShardFile> files = snapshots.write(current.weights(), folder(current.version()));
      WeightDelta snapshot = new WeightDelta(current.version(), Optional.empty(), shards(files));
      newest = Optional.of(new Newest(current.version(), current.weights(), Optional.of(snapshot)));
      return snapshot;
    } catch (IOException e) {
      throw failed(current.version(), e);
    }
  }

  /** The folder of the files of a version, below the folder of all; it may have been deleted. */
  public Path folder(PolicyVersion version) {
    return folder.resolve("term-%d-step-%06d".formatted(version.term(), version.step()));
  }

  private void deleteOld() throws IOException {
    while (published.size() > keep) {
      deleteAll(folder(published.removeFirst()));
    }
  }

  private static void deleteAll(Path path) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static List<WeightShard> shards(List<ShardFile> files) {
    return files.stream().map(f -> new WeightShard(f.name(), f.sha256(), f.numBytes())).toList();
  }

  private static LearnerException failed(PolicyVersion version, IOException e) {
    return new LearnerException(
        "cannot write the weights of step " + version.step() + ": " + e.getMessage(), e);
  }
}
