package dev.sampo.bench;

import dev.sampo.actors.pipeline.Generator;
import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.actors.transfer.HashedFiles;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.TokenIds;
import dev.sampo.protocol.VersionSpan;
import dev.sampo.protocol.WeightDelta;
import dev.sampo.protocol.WeightShard;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;

/**
 * A model that costs nothing, so that what is around it can be measured: a completion is ready with
 * the first decode step, a step is taken at once, and the weights are a file with its number.
 */
final class FakeModel {
  private static final int POOL = 512; // different completions

  private FakeModel() {}

  /** Samples completions out of a pool. */
  static final class FakeGenerator implements Generator {
    private final int slots;
    private final List<Completion> pool;
    private final TokenIds prompt;
    private final Map<LeaseId, RolloutLease> leases = new LinkedHashMap<>();
    private final Map<LeaseId, Progress> running = new LinkedHashMap<>();
    private Optional<PolicyVersion> version = Optional.empty();
    private int next;

    /**
     * A generator.
     *
     * @param slots groups at a time
     * @param tokens of a completion
     * @param promptTokens of a prompt
     */
    FakeGenerator(int slots, int tokens, int promptTokens) {
      this.slots = slots;
      SyntheticCompletions sampled = new SyntheticCompletions(new Random(1));
      this.pool =
          Stream.generate(() -> sampled.completion(tokens, 1, RunEvents.version(0)))
              .limit(POOL)
              .toList();
      this.prompt = sampled.tokens(promptTokens);
    }

    @Override
    public int numSlots() {
      return slots;
    }

    @Override
    public Optional<PolicyVersion> version() {
      return version;
    }

    @Override
    public Runnable prepareGroup(RolloutLease lease, List<byte[]> images) {
      return () -> {
        leases.put(lease.id(), lease);
        running.put(lease.id(), new Progress(0, version.orElseThrow().step()));
      };
    }

    @Override
    public List<CompletionGroup> decode() {
      List<CompletionGroup> finished = leases.values().stream().map(this::group).toList();
      leases.clear();
      running.clear();
      return finished;
    }

    private CompletionGroup group(RolloutLease lease) {
      List<Completion> completions = new ArrayList<>();
      for (int i = 0; i < lease.numCompletions(); i++) {
        Completion like = pool.get(next++ % POOL);
        completions.add(
            new Completion(
                like.tokens(),
                like.logProbs(),
                List.of(new VersionSpan(0, version.orElseThrow())),
                like.stop(),
                like.text()));
      }
      return new CompletionGroup(
          lease.id(),
          lease.prompt(),
          prompt,
          List.of(),
          lease.sampling(),
          lease.seed(),
          completions,
          "fake");
    }

    @Override
    public void cancel(LeaseId lease) {
      leases.remove(lease);
      running.remove(lease);
    }

    @Override
    public Map<LeaseId, Progress> running() {
      return Collections.unmodifiableMap(running);
    }

    @Override
    public Runnable prepareWeights(WeightDelta delta, Path folder) {
      return () -> version = Optional.of(delta.version());
    }

    @Override
    public void close() {}
  }

  /** Counts steps. */
  static final class FakeTrainer implements Trainer {
    private final Path weights;
    private List<ScoredGroup> batch = List.of();
    private long step;

    /**
     * A trainer.
     *
     * @param weights folder for the versions
     */
    FakeTrainer(Path weights) {
      this.weights = weights;
    }

    @Override
    public PolicyVersion version() {
      return RunEvents.version(step);
    }

    @Override
    public int begin(List<ScoredGroup> groups) {
      batch = groups;
      return 1;
    }

    @Override
    public void microBatch(int index) {}

    @Override
    public Update finish() {
      step++;
      StepCommitted committed =
          new StepCommitted(
              version(), batch.stream().map(ScoredGroup::id).toList(), List.of(batch.size()), 1e-6);
      return new Update.Taken(committed, List.of(), Map.of());
    }

    @Override
    public Written writeDelta() {
      return write(Optional.of(RunEvents.version(step - 1)));
    }

    @Override
    public Written writeSnapshot() {
      return write(Optional.empty());
    }

    private Written write(Optional<PolicyVersion> base) {
      try {
        Path folder = Files.createDirectories(weights.resolve(Long.toString(step)));
        String name = base.isPresent() ? "delta" : "snapshot";
        Path file = Files.writeString(folder.resolve(name), Long.toString(step));
        WeightShard shard = new WeightShard(name, HashedFiles.sha256Of(file), Files.size(file));
        return new Written(new WeightDelta(version(), base, List.of(shard)), folder);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public boolean isCheckpointDue() {
      return false;
    }

    @Override
    public void saveCheckpoint(Map<String, String> progress) {}

    @Override
    public void close() {}
  }
}
