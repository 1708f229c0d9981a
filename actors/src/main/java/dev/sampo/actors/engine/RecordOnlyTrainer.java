package dev.sampo.actors.engine;

import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.learner.LearnerSettings;
import dev.sampo.learner.advantage.Advantages;
import dev.sampo.learner.batch.BatchMetrics;
import dev.sampo.learner.batch.TrainingBatch;
import dev.sampo.learner.weights.PublishedWeights;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.vlm.weights.transfer.WeightSnapshot;
import java.util.List;
import java.util.Map;

/**
 * Takes the groups of every step and trains on none: the weights stay those that the run starts
 * from, and every version has their hash. For runs that only record. A replay of such a recording
 * trains on the groups of each step.
 */
final class RecordOnlyTrainer implements Trainer {
  private final LearnerSettings settings;
  private final Advantages advantages;
  private final PublishedWeights published;
  private final WeightSnapshot weights;
  private PolicyVersion version;
  private List<ScoredGroup> batch = List.of();
  private boolean isPublished;

  /**
   * A trainer at its first step.
   *
   * @param version of {@code weights}
   * @param settings say what the metrics of a batch are
   * @param rewardWeights weight of every reward function by name
   * @param published where the versions are written
   */
  RecordOnlyTrainer(
      PolicyVersion version,
      WeightSnapshot weights,
      LearnerSettings settings,
      Map<String, Double> rewardWeights,
      PublishedWeights published) {
    this.version = version;
    this.weights = weights;
    this.settings = settings;
    this.advantages = settings.objective().advantages(rewardWeights);
    this.published = published;
  }

  @Override
  public PolicyVersion version() {
    return version;
  }

  @Override
  public int begin(List<ScoredGroup> groups) {
    batch = List.copyOf(groups);
    return 0;
  }

  @Override
  public void microBatch(int index) {
    throw new IllegalStateException("a step that only records has no micro-batch " + index);
  }

  @Override
  public Update finish() {
    TrainingBatch packed = pack(batch, settings, advantages);
    version =
        new PolicyVersion(
            version.runId(), version.term(), version.step() + 1, version.weightsHash());
    return new Update.Taken(
        new StepCommitted(version, packed.ids(), List.of(), 0), List.of(), BatchMetrics.of(packed));
  }

  private static TrainingBatch pack(
      List<ScoredGroup> groups, LearnerSettings settings, Advantages advantages) {
    return TrainingBatch.pack(
        groups, advantages, settings.groupsPerUpdate(), settings.microBatchTokens());
  }

  /** What a step on these groups reports. */
  static Map<String, Double> metrics(
      List<ScoredGroup> groups, LearnerSettings settings, Map<String, Double> rewardWeights) {
    return BatchMetrics.of(pack(groups, settings, settings.objective().advantages(rewardWeights)));
  }

  @Override
  public Written writeDelta() {
    return new Written(published.publish(version, weights), published.folder(version));
  }

  @Override
  public Written writeSnapshot() {
    if (!isPublished) {
      published.publish(version, weights);
      isPublished = true;
    }
    return new Written(published.snapshot(), published.folder(version));
  }

  /** The weights are those of the model folder. */
  @Override
  public boolean isCheckpointDue() {
    return false;
  }

  @Override
  public void saveCheckpoint(Map<String, String> progress) {}

  @Override
  public void close() {}
}
