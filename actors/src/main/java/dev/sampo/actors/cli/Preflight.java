package dev.sampo.actors.cli;

import dev.sampo.actors.engine.NodeAssembly;
import dev.sampo.actors.engine.RunModels;
import dev.sampo.actors.evaluation.EvaluationSplits;
import dev.sampo.actors.node.SampoNode;
import dev.sampo.actors.question.RunQuestions;
import dev.sampo.config.ModelSource;
import dev.sampo.config.RunConfig;
import dev.sampo.learner.ReferenceSettings;
import dev.sampo.reward.RewardSettings.WeightedReward;
import dev.sampo.reward.pipeline.RewardRegistry;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.family.AdapterFolder;
import dev.sampo.vlm.prompt.VlmProcessor;
import dev.sampo.vlm.weights.Checkpoint;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/** Finds what would stop a run before the run makes its folder. */
final class Preflight {
  private Preflight() {}

  /**
   * Checks ports, data, rewards and model of a run.
   *
   * @throws RuntimeException of the part that cannot be used, with a message for the user
   */
  static void check(RunConfig config) {
    SampoNode.requireFree(TrainingRun.address(config.node()));
    NodeAssembly.checkData(config);
    EvaluationSplits.open(config.evaluation(), config.data().task(), RunQuestions.template(config));
    RewardRegistry registry = RewardRegistry.standard();
    config.reward().functions().stream().map(WeightedReward::name).forEach(registry::find);
    checkModel(config.model());
    checkReference(config);
  }

  /**
   * Checks that the reference policy can follow: the mix of two pairs of low-rank matrices is not
   * the pair of the mix.
   *
   * @throws ModelException if it cannot
   */
  static void checkReference(RunConfig config) {
    ReferenceSettings reference = config.learner().reference();
    if (reference.isSynced() && reference.mix() < 1 && AdapterFolder.isOne(config.model().path())) {
      throw new ModelException(
          config.model().path()
              + ": holds adapters, which cannot be mixed; learner.reference.mix must be 1 or"
              + " learner.reference.sync-every 0");
    }
  }

  /** Checks a model folder: its processor, and the headers of its weights. */
  static void checkModel(ModelSource model) {
    RunModels.checkAdapters(model);
    try (VlmProcessor _ = RunModels.processor(model)) {
      if (model.init() == ModelSource.Initialization.CHECKPOINT) {
        Path weights =
            AdapterFolder.isOne(model.path())
                ? AdapterFolder.baseModel(model.path())
                : model.path();
        try (Checkpoint _ = Checkpoint.open(weights, UnaryOperator.identity())) {
          return; // opening it has read every header
        }
      }
    }
  }
}
