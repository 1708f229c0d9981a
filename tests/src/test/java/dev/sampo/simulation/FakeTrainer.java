package dev.sampo.simulation;

import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.WeightDelta;
import dev.sampo.protocol.WeightShard;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * Takes steps without weights; now and then it cannot learn from a batch. Whoever drives it does
 * nothing else while it computes.
 */
final class FakeTrainer implements Trainer {
  private final double skips;
  private final SplittableRandom random;
  private final Checker checker;
  private final Schedule schedule;
  private final Place place;
  private final Duration longest;
  private PolicyVersion version;
  private Optional<PolicyVersion> before = Optional.empty();
  private List<ScoredGroup> batch = List.of();
  private int microBatches;

  /**
   * A trainer.
   *
   * @param version what it begins with
   * @param place where it computes
   * @param longest time that it takes for a micro-batch
   * @param skips how often a batch is of no use
   */
  FakeTrainer(
      PolicyVersion version,
      Schedule schedule,
      Place place,
      Duration longest,
      double skips,
      long seed,
      Checker checker) {
    this.version = version;
    this.schedule = schedule;
    this.place = place;
    this.longest = longest;
    this.skips = skips;
    this.random = new SplittableRandom(seed);
    this.checker = checker;
  }

  /** The version of a step. */
  static PolicyVersion versionOf(int term, long step) {
    return new PolicyVersion("run", term, step, "hash-" + term + "-" + step);
  }

  @Override
  public PolicyVersion version() {
    return version;
  }

  @Override
  public int begin(List<ScoredGroup> groups) {
    checker.batchBegun(groups, version);
    batch = groups;
    microBatches = 1 + random.nextInt(3);
    return microBatches;
  }

  @Override
  public void microBatch(int index) {
    if (index >= microBatches) {
      throw new IllegalStateException("there are only " + microBatches + " micro-batches");
    }
    place.freeze();
    schedule.after(
        Duration.ofMillis(random.nextLong(longest.toMillis())),
        Place.NOWHERE,
        () -> schedule.thaw(place));
  }

  @Override
  public Update finish() {
    if (random.nextDouble() < skips) {
      List<GroupId> culprits = List.of(batch.get(random.nextInt(batch.size())).id());
      checker.leftOut(batch, culprits);
      return new Update.Skipped("not finite", culprits, Map.of());
    }
    before = Optional.of(version);
    version = versionOf(version.term(), version.step() + 1);
    checker.stepTaken(version, batch);
    List<GroupId> groups = batch.stream().map(ScoredGroup::id).toList();
    List<GroupId> culprits = random.nextDouble() < skips ? List.of(groups.getLast()) : List.of();
    return new Update.Taken(
        new StepCommitted(version, groups, List.of(groups.size()), 1e-3), culprits, Map.of());
  }

  @Override
  public Written writeDelta() {
    return written(before);
  }

  @Override
  public Written writeSnapshot() {
    return written(Optional.empty());
  }

  private Written written(Optional<PolicyVersion> base) {
    WeightShard shard = new WeightShard("shard", version.weightsHash(), 1);
    return new Written(
        new WeightDelta(version, base, List.of(shard)), Path.of("step-" + version.step()));
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
