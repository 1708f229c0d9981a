package dev.sampo.actors.cli;

import dev.sampo.actors.RunListener;
import dev.sampo.actors.StepReport;
import dev.sampo.actors.engine.NodeAssembly;
import dev.sampo.actors.engine.RunModels;
import dev.sampo.actors.evaluation.Comparison;
import dev.sampo.actors.evaluation.SplitResult;
import dev.sampo.actors.node.NodeAddress;
import dev.sampo.actors.node.SampoNode;
import dev.sampo.actors.report.ComparisonTable;
import dev.sampo.actors.report.Findings;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.actors.report.RunReport;
import dev.sampo.actors.report.RunTotals;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.NodeSettings;
import dev.sampo.config.RunConfig;
import dev.sampo.learner.checkpoint.CheckpointFolder;
import dev.sampo.vlm.VisionLanguageModel;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * One training on the learner's node, from its configuration to its run folder: evaluation,
 * training, evaluation, report.
 */
final class TrainingRun {
  private final LoadedConfig loaded;
  private final RunConfig config;
  private final RunFolder folder;
  private final PrintWriter out;
  private final Instant started;

  /**
   * Prepares a run.
   *
   * @param folder its folder, made already
   * @param started when the command started
   */
  TrainingRun(LoadedConfig loaded, RunFolder folder, PrintWriter out, Instant started) {
    this.loaded = loaded;
    this.config = loaded.settings();
    this.folder = folder;
    this.out = out;
    this.started = started;
  }

  /** Runs to the last step and writes the run folder. */
  void run() {
    folder.writeConfig(loaded.render());
    try (RunReport report = new RunReport(folder, Clock.systemUTC())) {
      if (config.evaluation().splits().isEmpty() || config.recording().only()) {
        train(report);
        report.drawCurves(config.run().name(), config.staleness().max());
      } else {
        trainBetweenEvaluations(report);
      }
      if (report.numSetAside() > 0) {
        out.printf("%d groups were set aside; %s says why%n", report.numSetAside(), folder.log());
      }
    }
    out.println("run folder: " + folder.path());
  }

  private void trainBetweenEvaluations(RunReport report) {
    PolicyMeasurement measurement = PolicyMeasurement.of(config, out);
    Map<String, SplitResult> before =
        measurement.measure("before", () -> RunModels.open(config.model(), config.run().seed()));
    Duration training = train(report);
    Map<String, SplitResult> after = measurement.measure("after", trained());
    Comparison comparison = Comparison.of(before, after);
    report.drawCurves(config.run().name(), config.staleness().max());
    report.drawScenes(comparison, measurement.splits().images()::find);
    RunTotals totals =
        new RunTotals(
            training,
            Duration.between(started, Instant.now()),
            report.max("staleness/max").orElse(0.0).longValue(),
            report.sum("num_sampled_tokens") / Math.max(1e-9, training.toNanos() / 1e9),
            config.run().seed());
    report.writeSummary(comparison, totals);
    out.println();
    out.print(ComparisonTable.of(comparison));
    out.println();
    out.print(Findings.of(comparison));
    out.printf(
        Locale.ROOT,
        "%nTraining took %.0f s of %.0f s, %.0f sampled tokens per second, oldest group %d"
            + " steps.%n",
        totals.training().toMillis() / 1e3,
        totals.whole().toMillis() / 1e3,
        totals.tokensPerSecond(),
        totals.maxStaleness());
  }

  /** Trains; returns how long it took. */
  private Duration train(RunReport report) {
    if (config.run().steps() == 0) {
      return Duration.ZERO;
    }
    try (CommandProgress progress = new CommandProgress("training", config.run().steps(), out);
        NodeAssembly assembly = NodeAssembly.of(loaded, folder.path());
        SampoNode node =
            SampoNode.start(
                address(config.node()), assembly.parts(), told(report, progress), loaded.pekko())) {
      out.println("control: " + node.httpUrl() + " (sampo pause, sampo resume; /status, /metrics)");
      Instant begin = Instant.now();
      node.finished().toCompletableFuture().join();
      return Duration.between(begin, Instant.now());
    }
  }

  private RunListener told(RunReport report, CommandProgress progress) {
    return new RunListener() {
      @Override
      public void stepFinished(StepReport step) {
        report.stepFinished(step);
        progress.to(
            step.step(),
            String.format(
                Locale.ROOT, "reward %.2f", step.metrics().getOrDefault("reward", Double.NaN)));
      }

      @Override
      public void groupSetAside(String reason) {
        report.groupSetAside(reason);
      }

      @Override
      public void noticed(String line) {
        report.noticed(line);
        out.println(line);
      }

      @Override
      public void paused(Optional<String> reason) {
        report.paused(reason);
        out.println(
            reason
                .map(text -> "paused, a checkpoint follows; 'sampo resume' goes on: " + text)
                .orElse("going on"));
      }
    };
  }

  /** Opens what the training came to: the newest checkpoint, or the start if it took no step. */
  private Supplier<VisionLanguageModel> trained() {
    if (config.run().steps() == 0) {
      return () -> RunModels.open(config.model(), config.run().seed());
    }
    CheckpointFolder checkpoints =
        new CheckpointFolder(
            folder.checkpoints(), config.model().path(), config.checkpoint().retention());
    Path newest =
        checkpoints
            .newest(out::println)
            .orElseThrow(
                () -> new IllegalStateException("no checkpoint in " + folder.checkpoints()));
    return () -> RunModels.openCheckpoint(config.model(), newest);
  }

  static NodeAddress address(NodeSettings node) {
    return new NodeAddress(node.host(), node.port(), node.httpPort(), node.join());
  }
}
