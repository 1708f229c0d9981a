package dev.sampo.actors.cli;

import dev.sampo.actors.engine.NodeAssembly;
import dev.sampo.actors.engine.RunModels;
import dev.sampo.actors.evaluation.EvaluationSplits;
import dev.sampo.actors.node.SampoNode;
import dev.sampo.actors.question.RunQuestions;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.config.InvalidConfigException;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.ModelSource;
import dev.sampo.config.RunConfig;
import dev.sampo.learner.ReferenceSettings;
import dev.sampo.reward.RewardException;
import dev.sampo.reward.RewardSettings.WeightedReward;
import dev.sampo.reward.pipeline.RewardRegistry;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.family.AdapterFolder;
import dev.sampo.vlm.prompt.VlmProcessor;
import dev.sampo.vlm.weights.Checkpoint;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Finds what would stop a run before the run makes its folder. */
final class Preflight {
  private Preflight() {}

  /**
   * Checks that a run which was moved or copied is not begun anew, or gone on with, where it was:
   * its {@code config.conf} names that folder still.
   *
   * @throws InvalidConfigException if {@code run.folder} comes from the {@code config.conf} of
   *     another run folder
   */
  static void requireInPlace(LoadedConfig loaded) {
    Path named = loaded.settings().run().folder();
    Optional<Path> found =
        loaded.fileOf("run.folder").flatMap(RunFolder::ofConfig).map(RunFolder::path);
    if (found.isPresent() && !isSame(named, found.get())) {
      throw new InvalidConfigException(
          List.of(
              loaded.problem(
                  "run.folder",
                  "is %s, and this is the configuration of a run in %s, which was moved or copied there; --set run.folder=%s works there"
                      .formatted(named, found.get(), found.get()))));
    }
  }

  private static boolean isSame(Path one, Path other) {
    try {
      return Files.exists(one) && Files.isSameFile(one, other);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Checks ports, and what {@link #checkInputs} does.
   *
   * @param out told of rows that cannot be used while others can
   * @throws RuntimeException with a line for everything that cannot be used
   */
  static void check(LoadedConfig loaded, PrintWriter out) {
    FailureList failures = new FailureList();
    failures.collect(() -> SampoNode.requireFree(TrainingRun.address(loaded.settings().node())));
    collectInputs(loaded, failures, out::println);
    failures.raise();
  }

  /**
   * Checks files, data, rewards and model of a run.
   *
   * @throws RuntimeException with a line for everything that cannot be used
   */
  static void checkInputs(LoadedConfig loaded) {
    FailureList failures = new FailureList();
    collectInputs(loaded, failures, remark -> {}); // the dry run counts and names such rows
    failures.raise();
  }

  /** What files that are missing would be needed for is not looked at. */
  private static void collectInputs(
      LoadedConfig loaded, FailureList failures, Consumer<String> remarks) {
    RunConfig config = loaded.settings();
    failures.collect(loaded::requireFiles);
    if (hasFiles(loaded, "data")) {
      failures.collect(() -> NodeAssembly.checkData(config).ifPresent(remarks));
    }
    if (hasFiles(loaded, "evaluation")) {
      failures.collect(() ->
          EvaluationSplits.open(
              config.evaluation(), config.data().task(), RunQuestions.template(config)));
    }
    RewardRegistry registry = RewardRegistry.standard();
    for (WeightedReward reward : config.reward().functions()) {
      failures.collect(() -> requireKnown(reward.name(), registry, loaded));
    }
    if (hasFiles(loaded, "model")) {
      failures.collect(() -> checkModel(config.model()));
      failures.collect(() -> checkReference(config));
    }
  }

  private static void requireKnown(String reward, RewardRegistry registry, LoadedConfig loaded) {
    try {
      registry.find(reward);
    } catch (RewardException e) {
      throw new InvalidConfigException(
          List.of(loaded.problem("reward.functions", String.valueOf(e.getMessage()))));
    }
  }

  private static boolean hasFiles(LoadedConfig loaded, String section) {
    return loaded.missingFiles().stream()
        .noneMatch(problem -> problem.key().startsWith("sampo." + section + "."));
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
