package dev.sampo.actors.engine;

import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.learner.LearnerSettings;
import dev.sampo.learner.PolicyUpdate;
import dev.sampo.learner.StepResult;
import dev.sampo.learner.batch.PromptEncoder;
import dev.sampo.learner.checkpoint.CheckpointFolder;
import dev.sampo.learner.checkpoint.TrainerState;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.learner.weights.PublishedWeights;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.ops.NativeThreads;
import dev.sampo.vlm.weights.Parameter.Part;
import dev.sampo.vlm.weights.SafetensorsFile;
import dev.sampo.vlm.weights.transfer.WeightSnapshot;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;

/** The learner with a model of its own: steps, published versions, checkpoints. */
public final class PolicyTrainer implements Trainer {
  private static final int TERM = 1;

  /**
   * What does not change during a run.
   *
   * @param runId the run that the versions belong to
   * @param seed seed of the run, for dropout; kept in checkpoints
   * @param steps optimizer steps of the run
   * @param frozen parts of the model that stay as they are
   * @param checkpointEvery steps between checkpoints; the last step is always saved
   * @param maxMismatch largest mean {@code k3} divergence between the log-probs of rollout and
   *     learner for the same weights; beyond it the trainer refuses to go on
   * @param settings the settings that decide what the run ends in; kept in checkpoints
   */
  public record Terms(
      String runId,
      long seed,
      long steps,
      Set<Part> frozen,
      int checkpointEvery,
      double maxMismatch,
      SortedMap<String, String> settings) {}

  private final Terms terms;
  private final VisionLanguageModel policy;
  private final Optional<VisionLanguageModel> reference;
  private final AdamW optimizer;
  private final PolicyUpdate update;
  private final PublishedWeights published;
  private final CheckpointFolder checkpoints;
  private WeightSnapshot weights;
  private PolicyVersion version;
  private long saved = -1; // step of the newest checkpoint that this trainer knows of
  private boolean isPublished;

  /**
   * Called on the thread that drives it.
   *
   * @param resumed the checkpoint that {@code policy} was loaded from, to go on from; empty to
   *     begin a run
   * @param policy trained; closed with this trainer, as is {@code reference}
   * @param reference present exactly when the objective has a beta above 0
   * @param published where versions are written
   */
  public PolicyTrainer(
      Terms terms,
      LearnerSettings settings,
      VisionLanguageModel policy,
      Optional<VisionLanguageModel> reference,
      PromptEncoder encoder,
      PublishedWeights published,
      CheckpointFolder checkpoints,
      Optional<Path> resumed) {
    NativeThreads.use(settings.threads());
    this.terms = terms;
    this.policy = policy;
    this.reference = reference;
    this.optimizer = new AdamW(policy.trainable(terms.frozen()), settings.optimizer());
    this.update =
        new PolicyUpdate(
            policy, reference, optimizer, settings, terms.steps(), terms.seed(), encoder);
    this.published = published;
    this.checkpoints = checkpoints;
    long step = resumed.map(this::restore).orElse(0L);
    this.weights = WeightSnapshot.of(policy.parameters());
    this.version = versionOf(step, weights);
  }

  /** Takes the state of a checkpoint over and returns its step. */
  private long restore(Path checkpoint) {
    CheckpointFolder.verify(checkpoint, policy);
    try (SafetensorsFile moments =
        CheckpointFolder.tensors(checkpoint, CheckpointFolder.OPTIMIZER)) {
      optimizer.restore(moments.tensors());
    }
    saved = CheckpointFolder.state(checkpoint).step();
    return saved;
  }

  @Override
  public PolicyVersion version() {
    return version;
  }

  @Override
  public int begin(List<ScoredGroup> batch) {
    return update.begin(batch, version);
  }

  /** As {@link #begin(List)}, with the packing of a recorded step. */
  public int begin(List<ScoredGroup> batch, List<Integer> packing) {
    return update.begin(batch, packing, version);
  }

  @Override
  public void microBatch(int index) {
    update.microBatch();
  }

  @Override
  public Update finish() {
    return switch (update.finish()) {
      case StepResult.Skipped skipped ->
          new Update.Skipped(skipped.reason(), skipped.groups(), skipped.metrics());
      case StepResult.Taken taken -> {
        requireAgreement(taken.metrics());
        weights = WeightSnapshot.of(policy.parameters());
        version = versionOf(version.step() + 1, weights);
        yield new Update.Taken(
            new StepCommitted(version, taken.groups(), taken.microBatches(), taken.learningRate()),
            taken.metrics());
      }
    };
  }

  /** Rollout and learner compute the same log-probs for the same weights, or nothing is right. */
  private void requireAgreement(Map<String, Double> metrics) {
    double mismatch = metrics.getOrDefault("mismatch/k3", 0.0);
    if (!(mismatch <= terms.maxMismatch())) {
      throw new IllegalStateException(
          "rollout and learner disagree about the same weights: mismatch/k3 is %s at step %d, allowed is %s"
              .formatted(mismatch, version.step() + 1, terms.maxMismatch()));
    }
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

  @Override
  public boolean isCheckpointDue() {
    return version.step() != saved
        && (version.step() % terms.checkpointEvery() == 0 || version.step() == terms.steps());
  }

  @Override
  public void saveCheckpoint(Map<String, String> progress) {
    if (version.step() == saved) {
      return;
    }
    checkpoints.save(
        policy,
        new TrainerState(version, terms.steps(), terms.seed(), terms.settings(), progress),
        Map.of(CheckpointFolder.OPTIMIZER, optimizer.state()));
    saved = version.step();
  }

  private PolicyVersion versionOf(long step, WeightSnapshot present) {
    return new PolicyVersion(terms.runId(), TERM, step, present.sha256());
  }

  @Override
  public void close() {
    update.close();
    optimizer.close();
    policy.close();
    reference.ifPresent(VisionLanguageModel::close);
  }
}
