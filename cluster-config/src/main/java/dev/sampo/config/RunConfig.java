package dev.sampo.config;

import dev.sampo.protocol.SamplingSettings;
import dev.sampo.reward.RewardSettings;

/**
 * Everything a run is configured with: the settings of each part, already checked. Key {@code
 * sampo.data.image-folder} of the configuration is {@code data().imageFolder()} here; {@code
 * reference.conf} documents them all.
 *
 * @param run name, folder, seed and length
 * @param model where the model comes from
 * @param data the training data
 * @param sampling how completions are sampled while training
 * @param reward what completions are scored by
 * @param staleness how old a group may be
 * @param lease how long a rollout worker may be silent
 * @param evaluation what the policy is measured on
 * @param checkpoint when checkpoints are written
 * @param recording the rollout log
 * @param node this node of the cluster
 */
public record RunConfig(
    RunSettings run,
    ModelSource model,
    DataSettings data,
    SamplingSettings sampling,
    RewardSettings reward,
    StalenessSettings staleness,
    LeaseSettings lease,
    EvaluationSettings evaluation,
    CheckpointSettings checkpoint,
    RecordingSettings recording,
    NodeSettings node) {}
