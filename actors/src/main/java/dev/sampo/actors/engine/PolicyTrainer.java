package dev.sampo.actors.engine;

import dev.sampo.actors.RunFailedException;
import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.learner.LearnerSettings;
import dev.sampo.learner.PolicyUpdate;
import dev.sampo.learner.ReferencePolicy;
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
import dev.sampo.vlm.weights.TensorSource;
import dev.sampo.vlm.weights.transfer.WeightSnapshot;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** The learner with a model of its own: steps, published versions, checkpoints. */
public final class PolicyTrainer implements Trainer {
  /** Name of the weights of a reference policy in a checkpoint. */
  private static final String REFERENCE = "reference";

  /**
   * What does not change during a run.
   *
   * @param runId the run that the versions belong to
   * @param term the learner's term, part of its versions
   * @param seed seed of the run, for dropout; kept in checkpoints
   * @param steps optimizer steps of the run
   * @param rewardWeights weight of every reward function by name
   * @param frozen parts of the model that stay as they are
   * @param checkpointEvery steps between checkpoints; the last step is always saved
   * @param maxMismatch largest mean {@code k3} divergence between the log-probs of rollout and
   *     learner for the same weights; beyond it the trainer refuses to go on
   * @param settings the settings that decide what the run ends in; kept in checkpoints
   */
  public record Terms(
      String runId,
      int term,
      long seed,
      long steps,
      Map<String, Double> rewardWeights,
      Set<Part> frozen,
      int checkpointEvery,
      double maxMismatch,
      SortedMap<String, String> settings) {}

  private final Terms terms;
  private final VisionLanguageModel policy;
  private final ReferencePolicy reference;
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
   * @param reference what the objective holds the policy against
   * @param published where versions are written
   */
  public PolicyTrainer(
      Terms terms,
      LearnerSettings settings,
      VisionLanguageModel policy,
      ReferencePolicy reference,
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
            policy,
            reference,
            optimizer,
            settings,
            new PolicyUpdate.Run(terms.steps(), terms.seed(), terms.rewardWeights()),
            encoder);
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
    if (!reference.state().isEmpty()) {
      try (SafetensorsFile weights = CheckpointFolder.tensors(checkpoint, REFERENCE)) {
        reference.restore(weights.tensors());
      }
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
        version = versionOf(taken.step(), weights);
        yield new Update.Taken(
            new StepCommitted(version, taken.groups(), taken.microBatches(), taken.learningRate()),
            taken.notFinite(),
            taken.metrics());
      }
    };
  }

  /** Rollout and learner compute the same log-probs for the same weights, or nothing is right. */
  private void requireAgreement(Map<String, Double> metrics) {
    double mismatch = metrics.getOrDefault("mismatch/k3", 0.0);
    if (!(mismatch <= terms.maxMismatch())) {
      throw new RunFailedException(
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
    var tensors = new TreeMap<String, SortedMap<String, TensorSource>>();
    tensors.put(CheckpointFolder.OPTIMIZER, optimizer.state());
    if (!reference.state().isEmpty()) {
      tensors.put(REFERENCE, reference.state());
    }
    checkpoints.save(
        policy,
        new TrainerState(version, terms.steps(), terms.seed(), terms.settings(), progress),
        tensors);
    saved = version.step();
  }

  private PolicyVersion versionOf(long step, WeightSnapshot present) {
    return new PolicyVersion(terms.runId(), terms.term(), step, present.sha256());
  }

  @Override
  public void close() {
    update.close();
    optimizer.close();
    policy.close();
    reference.close();
  }
}
