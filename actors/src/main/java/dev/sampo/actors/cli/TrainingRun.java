package dev.sampo.actors.cli;

import dev.sampo.actors.engine.NodeAssembly;
import dev.sampo.actors.engine.RecordedReports;
import dev.sampo.actors.engine.RunModels;
import dev.sampo.actors.engine.RunRecording;
import dev.sampo.actors.engine.RunStart;
import dev.sampo.actors.evaluation.Comparison;
import dev.sampo.actors.evaluation.SplitResult;
import dev.sampo.actors.journal.LedgerException;
import dev.sampo.actors.journal.RunLedger;
import dev.sampo.actors.node.NodeAddress;
import dev.sampo.actors.node.NodeStoppedException;
import dev.sampo.actors.node.SampoNode;
import dev.sampo.actors.report.ComparisonTable;
import dev.sampo.actors.report.Findings;
import dev.sampo.actors.report.KeptMeasurement;
import dev.sampo.actors.report.RunClaim;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.actors.report.RunReport;
import dev.sampo.actors.report.RunTotals;
import dev.sampo.actors.run.GroupLedger;
import dev.sampo.actors.run.RunHistory;
import dev.sampo.actors.transfer.HashedFiles;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.NodeSettings;
import dev.sampo.config.ResultSettings;
import dev.sampo.config.RunConfig;
import dev.sampo.learner.checkpoint.CheckpointFolder;
import dev.sampo.learner.checkpoint.TrainerState;
import dev.sampo.vlm.VisionLanguageModel;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * One training on the learner's node, from its configuration to its run folder: evaluation,
 * training, evaluation, report. One that was left goes on from what its ledger says.
 */
final class TrainingRun {
  private final LoadedConfig loaded;
  private final RunConfig config;
  private final RunClaim claim;
  private final RunFolder folder;
  private final SortedMap<String, String> settings;
  private final PrintWriter out;
  private final Instant started;

  /** What is between the evaluations. */
  @FunctionalInterface
  private interface Training {
    /**
     * Trains.
     *
     * @param beforehand done once there is a node, told how to see that it is called off
     * @return how long it took, without that
     */
    Duration take(RunReport report, Consumer<BooleanSupplier> beforehand);
  }

  /**
   * Prepares a run.
   *
   * @param claim its folder, taken for {@link #settings}
   * @param started when the command started
   */
  TrainingRun(LoadedConfig loaded, RunClaim claim, PrintWriter out, Instant started) {
    this.loaded = loaded;
    this.config = loaded.settings();
    this.claim = claim;
    this.folder = claim.folder();
    this.settings = settings(config);
    this.out = out;
    this.started = started;
  }

  /** Takes the folder of a run, for this process alone. */
  static RunClaim claim(RunConfig config) {
    return RunClaim.take(config.run().folder(), "train", settings(config));
  }

  /**
   * What decides the result: the settings, and the rows that they name. And the name of the run,
   * without which its ledger and its recording do not know it.
   */
  private static SortedMap<String, String> settings(RunConfig config) {
    SortedMap<String, String> settings = ResultSettings.trained(config);
    settings.put("run.name", config.run().name());
    settings.put("SHA-256 of data.train", HashedFiles.sha256Of(config.data().train()));
    return settings;
  }

  /** Runs to the last step and writes the run folder. */
  void run() {
    if (config.run().steps() == 0) {
      run(0, report -> {}, (report, beforehand) -> Duration.ZERO);
      return;
    }
    if (claim.isResumed()) {
      RunLedger.requireThere(config.ledger(), folder.ledger());
    }
    try (RunLedger ledger =
        RunLedger.open(
            config.ledger(),
            folder.ledger(),
            config.run().id(),
            () -> checkpoints().oldestNeeded(),
            line -> Resumption.say(out, line))) {
      requireSameRun(ledger);
      RunHistory history = ledger.groups().history();
      Resumption resumption =
          Resumption.find(claim, config, settings, state -> counts(state, history), out);
      long taken = config.recording().only() ? numRecorded(ledger.groups()) : resumption.numTaken();
      requireKnown(history, taken);
      boolean isTrained = taken == config.run().steps();
      if (isTrained && isReported()) {
        throw Resumption.finished(folder.path(), taken);
      }
      run(
          taken,
          report -> reportRecorded(report, ledger.groups(), taken),
          (report, beforehand) ->
              isTrained ? Duration.ZERO : train(report, ledger, resumption, taken, beforehand));
    }
  }

  /** Steps of a run that only records; those that its recording has lost do not count. */
  private long numRecorded(GroupLedger groups) {
    return Math.min(groups.history().step(), RunRecording.lastStep(folder.path(), groups));
  }

  private void requireSameRun(RunLedger ledger) {
    if (claim.isResumed() && ledger.isNew() && Files.exists(folder.checkpoints())) {
      throw new CommandFailedException(
          "%s has checkpoints, but the ledger holds nothing of run %s: its events were deleted, or it is another one; %s"
              .formatted(folder.path(), config.run().id(), LedgerException.WAYS_OUT));
    }
  }

  /** The checkpoints that the ledger was opened for may be damaged, or of abandoned steps. */
  private static void requireKnown(RunHistory history, long start) {
    if (start < history.oldestStep()) {
      throw new CommandFailedException(
          "the ledger knows nothing before step %d, and no checkpoint of that step or a later one can be gone on from; delete those that are left out, and it is read for an older one, if ledger.keep has been everything"
              .formatted(history.oldestStep()));
    }
  }

  /** A run that only records takes no step again. */
  private void reportRecorded(RunReport report, GroupLedger groups, long taken) {
    if (config.recording().only()) {
      RecordedReports.complete(config, folder.path(), report, groups, taken);
    }
  }

  /**
   * Runs from a step on.
   *
   * @param numTaken steps that were taken before
   * @param completion gives those their lines that have none
   * @param training takes the others
   */
  private void run(long numTaken, Consumer<RunReport> completion, Training training) {
    folder.writeConfig(loaded.render());
    try (RunReport report = new RunReport(folder, Clock.systemUTC(), numTaken)) {
      completion.accept(report);
      report.lost(1, numTaken).ifPresent(line -> Resumption.say(out, line));
      if (config.evaluation().splits().isEmpty() || config.recording().only()) {
        Duration _ = training.take(report, isCalledOff -> {});
        report.drawCurves(config.run().name(), config.staleness().max());
      } else {
        trainBetweenEvaluations(report, training);
      }
      if (report.numSetAside() > 0) {
        out.printf("%d groups were set aside; %s says why%n", report.numSetAside(), folder.log());
      }
    }
    out.println("run folder: " + folder.path());
  }

  private boolean isReported() {
    return config.recording().only()
        ? RunReport.has(folder, config.run().steps())
        : config.evaluation().splits().isEmpty() || Files.exists(folder.summary());
  }

  /** Not of a step that was abandoned. */
  private static boolean counts(TrainerState state, RunHistory history) {
    return history
        .versionAt(state.step())
        .filter(version -> version.weightsHash().equals(state.version().weightsHash()))
        .isPresent();
  }

  private void trainBetweenEvaluations(RunReport report, Training training) {
    PolicyMeasurement measurement = PolicyMeasurement.of(config, out);
    Duration duration = training.take(report, isCalledOff -> before(measurement, isCalledOff));
    Map<String, SplitResult> before = before(measurement, () -> false); // it is kept by now
    Map<String, SplitResult> after = measurement.measure("after", trained(), () -> false);
    Comparison comparison = Comparison.of(before, after);
    report.drawCurves(config.run().name(), config.staleness().max());
    report.drawScenes(comparison, measurement.splits().images()::find);
    RunTotals totals =
        new RunTotals(
            duration,
            Duration.between(started, Instant.now()),
            report.max("staleness/max").orElse(0.0).longValue(),
            report.sum("num_sampled_tokens") / Math.max(1e-9, duration.toNanos() / 1e9),
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

  /** What the policy did when the run began; measured once. */
  private Map<String, SplitResult> before(
      PolicyMeasurement measurement, BooleanSupplier isCalledOff) {
    KeptMeasurement kept =
        new KeptMeasurement(
            folder,
            measurement.splits().prompts(),
            settings + " " + config.evaluation().temperature());
    return kept.read()
        .orElseGet(() -> {
          Map<String, SplitResult> found =
              measurement.measure(
                  "before", () -> RunModels.open(config.model(), config.run().seed()), isCalledOff);
          kept.write(found);
          return found;
        });
  }

  /** Trains; returns how long it took. */
  private Duration train(
      RunReport report,
      RunLedger ledger,
      Resumption resumption,
      long taken,
      Consumer<BooleanSupplier> beforehand) {
    announce(resumption, ledger.groups().history(), taken);
    if (claim.isResumed()) {
      Resumption.say(
          out,
          "the ledger ends at step %d, %d finished groups wait to be trained on"
              .formatted(ledger.groups().history().step(), ledger.groups().counts().accepted()));
    }
    try (ShownTraining shown = new ShownTraining(report, taken, config.run().steps(), out);
        Interruption interruption = Interruption.ofTraining()) {
      RunStart start =
          new RunStart(
              ledger,
              resumption.checkpoint(),
              settings,
              shown,
              () -> {
                try {
                  beforehand.accept(interruption::isRequested);
                  shown.begin();
                } catch (CancellationException e) {
                  // The node is told to stop as well, and the learner ends as at any other time.
                }
              });
      try (NodeAssembly assembly = NodeAssembly.of(loaded, folder.path(), Optional.of(start));
          SampoNode node =
              SampoNode.start(address(config.node()), assembly.parts(), shown, loaded.pekko())) {
        out.println(
            "control: " + node.httpUrl() + " (sampo pause, sampo resume; /status, /metrics)");
        awaitEnd(node, ledger, interruption);
        return shown.duration();
      }
    }
  }

  private void announce(Resumption resumption, RunHistory history, long taken) {
    if (config.recording().only() && claim.isResumed()) {
      Resumption.say(out, "going on after step %d, the last that is recorded".formatted(taken));
    } else {
      resumption.announce(history.step(), out);
    }
  }

  private void awaitEnd(SampoNode node, RunLedger ledger, Interruption interruption) {
    try {
      node.finished().toCompletableFuture().join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof NodeStoppedException) {
        interruption.requireNone(
            "the ledger has the %d steps so far and %d finished groups that wait, %s; 'sampo train %s' goes on"
                .formatted(
                    ledger.groups().history().step(),
                    ledger.groups().counts().accepted(),
                    newestCheckpoint(),
                    folder.config()),
            out);
      }
      throw e;
    }
  }

  /** Opens what the training came to: the newest checkpoint, or the start if it took no step. */
  private Supplier<VisionLanguageModel> trained() {
    if (config.run().steps() == 0) {
      return () -> RunModels.open(config.model(), config.run().seed());
    }
    Path newest =
        checkpoints()
            .newest(out::println)
            .orElseThrow(() ->
                new CommandFailedException(
                    "%s has no whole checkpoint of the %d steps that the run has taken"
                        .formatted(folder.checkpoints(), config.run().steps())));
    return () -> RunModels.openCheckpoint(config.model(), newest);
  }

  private String newestCheckpoint() {
    OptionalLong step = checkpoints().newestStep();
    return step.isPresent()
        ? "the newest checkpoint is of step " + step.getAsLong()
        : "there is no checkpoint";
  }

  private CheckpointFolder checkpoints() {
    return new CheckpointFolder(
        folder.checkpoints(), config.model().path(), config.checkpoint().retention());
  }

  static NodeAddress address(NodeSettings node) {
    return new NodeAddress(node.host(), node.port(), node.httpPort(), node.join(), node.patience());
  }
}
