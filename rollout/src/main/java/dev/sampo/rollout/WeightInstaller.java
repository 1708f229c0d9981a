package dev.sampo.rollout;

import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.WeightDelta;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.weights.transfer.ShardFile;
import dev.sampo.vlm.weights.transfer.WeightDecoder;
import dev.sampo.vlm.weights.transfer.WeightSnapshot;
import java.nio.file.Path;
import java.util.List;

/**
 * Brings downloaded policy versions into an engine. Reading and checking is slow and may run beside
 * the decoding; only the last step must run between two decode steps. Whatever is wrong with an
 * update, the engine goes on with the version it has.
 */
public final class WeightInstaller {
  private final GenerationEngine engine;
  private volatile Update held;

  /**
   * @param held what the engine's model holds now
   */
  public WeightInstaller(GenerationEngine engine, WeightSnapshot held) {
    this.engine = engine;
    this.held = new Update(engine.version(), held);
  }

  /**
   * Weights that were read and found to be those of their version.
   *
   * @param version the version
   * @param weights all its weights
   */
  public record Update(PolicyVersion version, WeightSnapshot weights) {}

  /**
   * Reads a version and checks it against its hashes. Any thread, one update at a time.
   *
   * @param delta a snapshot, or a delta against the version that is installed
   * @param folder where the shard files lie
   * @throws ModelException if a file is missing or damaged, or the delta has another base; a
   *     snapshot helps then
   */
  public Update prepare(WeightDelta delta, Path folder) {
    List<ShardFile> files =
        delta.shards().stream()
            .map(shard -> new ShardFile(shard.name(), shard.sha256(), shard.numBytes()))
            .toList();
    String hash = delta.version().weightsHash();
    if (delta.base().isEmpty()) {
      return new Update(delta.version(), WeightDecoder.snapshot(folder, files, hash));
    }
    Update base = held;
    if (!delta.base().get().equals(base.version())) {
      throw new ModelException(
          "the delta to step %d starts from step %d, installed is step %d"
              .formatted(delta.version().step(), delta.base().get().step(), base.version().step()));
    }
    return new Update(delta.version(), WeightDecoder.delta(base.weights(), folder, files, hash));
  }

  /**
   * Makes the engine generate with an update. Only between two steps, on the engine's thread.
   *
   * @throws ModelException if the model has another shape; it is unchanged then
   */
  public void install(Update update) {
    engine.install(update.version(), update.weights()::copyInto);
    held = update;
  }
}
