package dev.sampo.config;

import dev.sampo.learner.LearnerSettings;
import dev.sampo.learner.guard.GuardSettings;
import dev.sampo.learner.sft.SftSettings;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.reward.RewardSettings;
import dev.sampo.rollout.RolloutSettings;

/**
 * Everything a run is configured with: the settings of each part, already checked. Key {@code
 * sampo.data.image-folder} of the configuration is {@code data().imageFolder()} here; {@code
 * reference.conf} documents them all.
 *
 * @param run name, folder, seed and length
 * @param model where the model comes from
 * @param data the training data
 * @param sampling how completions are sampled while training
 * @param rollout how much a rollout worker does at a time
 * @param reward what completions are scored by
 * @param learner how the learner takes its steps
 * @param staleness how old a group may be
 * @param mismatch how far rollout and learner may disagree
 * @param lease how long a rollout worker may be silent
 * @param evaluation what the policy is measured on
 * @param guards what watches over the steps
 * @param checkpoint when checkpoints are written
 * @param recording the rollout log
 * @param ledger the database of the run's ledger
 * @param sft the supervised training of {@code sampo sft}
 * @param node this node of the cluster
 */
public record RunConfig(
    RunSettings run,
    ModelSource model,
    DataSettings data,
    SamplingSettings sampling,
    RolloutSettings rollout,
    RewardSettings reward,
    LearnerSettings learner,
    StalenessSettings staleness,
    MismatchSettings mismatch,
    LeaseSettings lease,
    EvaluationSettings evaluation,
    GuardSettings guards,
    CheckpointSettings checkpoint,
    RecordingSettings recording,
    LedgerSettings ledger,
    SftSettings sft,
    NodeSettings node) {
  public RunConfig {
    if (sampling.isGreedy()) {
      throw new IllegalArgumentException(
          "sampling.temperature must be > 0: the completions of a group must differ, got "
              + sampling.temperature());
    }
    if (model.lora().enabled() && learner.reference().isSynced()) {
      throw new IllegalArgumentException(
          "learner.reference.sync-every must be 0 where model.lora.enabled is true: the reference"
              + " is the model without its adapters, got "
              + learner.reference().syncEvery());
    }
    if (rollout.deterministic() && staleness.max() == 0 && learner.threads() > 1) {
      throw new IllegalArgumentException(
          "learner.threads must be 1 where rollout.deterministic is true and staleness.max is 0:"
              + " more threads add up gradients in an order that is not fixed, got "
              + learner.threads());
    }
  }
}
