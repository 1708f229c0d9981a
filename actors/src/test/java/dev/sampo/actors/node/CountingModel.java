package dev.sampo.actors.node;

import dev.sampo.actors.pipeline.Generator;
import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.actors.transfer.HashedFiles;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.LogProbs;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.StopReason;
import dev.sampo.protocol.TokenIds;
import dev.sampo.protocol.VersionSpan;
import dev.sampo.protocol.WeightDelta;
import dev.sampo.protocol.WeightShard;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * A model faked as a number, the optimizer step: its weights are a file with that number, a delta
 * applies only to the step before, and every token it samples is the number. What travels between
 * trainer and generator is real: files, hashes, versions.
 */
final class CountingModel {
  static final int TOKENS = 6;

  private CountingModel() {}

  /** Which updates of a step are not finite. */
  enum Faults {
    NONE,
    FIRST_UPDATE,
    LATER_UPDATE
  }

  /** Counts steps. */
  static final class FakeTrainer implements Trainer {
    private final Path weights;
    private final List<ScoredGroup> open = new ArrayList<>();
    private final List<Long> saved;
    private final Faults faults;
    private long step;

    /**
     * A trainer.
     *
     * @param saved gets the step of every checkpoint
     * @param faults of every step; its first group is to blame
     */
    FakeTrainer(Path weights, List<Long> saved, Faults faults) {
      this.weights = weights;
      this.saved = saved;
      this.faults = faults;
    }

    @Override
    public PolicyVersion version() {
      return CountingModel.version(step);
    }

    @Override
    public int begin(List<ScoredGroup> batch) {
      open.addAll(batch);
      return batch.size();
    }

    @Override
    public void microBatch(int index) {}

    @Override
    public Update finish() {
      List<GroupId> culprits =
          faults == Faults.NONE ? List.of() : open.stream().map(ScoredGroup::id).limit(1).toList();
      if (faults == Faults.FIRST_UPDATE) {
        open.clear();
        return new Update.Skipped("the loss is not finite", culprits, Map.of());
      }
      step++;
      StepCommitted committed =
          new StepCommitted(
              version(),
              open.stream().map(ScoredGroup::id).toList(),
              open.stream().map(group -> 1).toList(),
              0.1);
      open.clear();
      return new Update.Taken(committed, culprits, Map.of("reward", 1.0));
    }

    @Override
    public Written writeDelta() {
      return write("delta", Optional.of(CountingModel.version(step - 1)));
    }

    @Override
    public Written writeSnapshot() {
      return write("snapshot", Optional.empty());
    }

    @Override
    public boolean isCheckpointDue() {
      return false;
    }

    @Override
    public void saveCheckpoint(Map<String, String> progress) {
      saved.add(step);
    }

    private Written write(String name, Optional<PolicyVersion> base) {
      try {
        Path folder = Files.createDirectories(weights.resolve(Long.toString(step)));
        Path file = Files.writeString(folder.resolve(name), Long.toString(step));
        WeightShard shard = new WeightShard(name, HashedFiles.sha256Of(file), Files.size(file));
        return new Written(new WeightDelta(version(), base, List.of(shard)), folder);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() {}
  }

  /** Samples the number of its weights, one token per completion and call. */
  static final class FakeGenerator implements Generator {
    private final int slots;
    private final Consumer<RolloutLease> preparing;
    private final Map<LeaseId, Running> running = new LinkedHashMap<>();
    private Optional<PolicyVersion> version = Optional.empty();

    private record Running(RolloutLease lease, List<PolicyVersion> versions) {}

    FakeGenerator(int slots) {
      this(slots, lease -> {});
    }

    /**
     * A generator.
     *
     * @param preparing called when a prompt is prepared; may take its time
     */
    FakeGenerator(int slots, Consumer<RolloutLease> preparing) {
      this.slots = slots;
      this.preparing = preparing;
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
      preparing.accept(lease);
      if (lease.prompt().text().contains("impossible")) {
        throw new IllegalArgumentException("impossible to ask");
      }
      return () -> running.put(lease.id(), new Running(lease, new ArrayList<>()));
    }

    @Override
    public List<CompletionGroup> decode() {
      running.values().forEach(group -> group.versions().add(version.orElseThrow()));
      List<Running> finished =
          running.values().stream().filter(group -> group.versions().size() == TOKENS).toList();
      finished.forEach(group -> running.remove(group.lease().id()));
      return finished.stream().map(FakeGenerator::group).toList();
    }

    private static CompletionGroup group(Running finished) {
      RolloutLease lease = finished.lease();
      int[] tokens = finished.versions().stream().mapToInt(v -> (int) v.step()).toArray();
      List<VersionSpan> spans = new ArrayList<>();
      for (int i = 0; i < tokens.length; i++) {
        if (i == 0 || tokens[i] != tokens[i - 1]) {
          spans.add(new VersionSpan(i, finished.versions().get(i)));
        }
      }
      Completion completion =
          new Completion(
              TokenIds.of(tokens),
              LogProbs.of(new float[tokens.length]),
              spans,
              StopReason.END_OF_TURN,
              "text");
      return new CompletionGroup(
          lease.id(),
          lease.prompt(),
          TokenIds.of(1),
          List.of(),
          lease.sampling(),
          lease.seed(),
          IntStream.range(0, lease.numCompletions()).mapToObj(i -> completion).toList(),
          "fake");
    }

    @Override
    public void cancel(LeaseId lease) {
      running.remove(lease);
    }

    @Override
    public Map<LeaseId, Progress> running() {
      Map<LeaseId, Progress> progress = new LinkedHashMap<>();
      running.forEach((id, group) -> progress.put(id, progress(group)));
      return progress;
    }

    private Progress progress(Running group) {
      PolicyVersion oldest =
          group.versions().isEmpty() ? version.orElseThrow() : group.versions().getFirst();
      return new Progress(group.versions().size(), oldest.step());
    }

    @Override
    public Runnable prepareWeights(WeightDelta delta, Path folder) {
      if (!delta.isSnapshot() && !delta.base().equals(version)) {
        throw new IllegalArgumentException("a delta of another base");
      }
      try {
        String number = Files.readString(folder.resolve(delta.shards().getFirst().name()));
        return () -> version = Optional.of(CountingModel.version(Long.parseLong(number)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() {}
  }

  static PolicyVersion version(long step) {
    return new PolicyVersion("run", 1, step, "hash-" + step);
  }
}
