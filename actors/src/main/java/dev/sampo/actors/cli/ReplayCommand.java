package dev.sampo.actors.cli;

import dev.sampo.actors.StepReport;
import dev.sampo.actors.engine.NodeAssembly;
import dev.sampo.actors.engine.PolicyTrainer;
import dev.sampo.actors.engine.Replay;
import dev.sampo.actors.engine.ReplayedStep;
import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.actors.report.RunClaim;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.actors.report.RunReport;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.ResultSettings;
import dev.sampo.config.RunConfig;
import dev.sampo.protocol.log.Recording;
import dev.sampo.protocol.log.RecordingManifest;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sampo replay LOG [CONF]}. */
@Command(
    name = "replay",
    description = {
      "Train again from a recording, in place of rollout and reward workers.",
      "On the machine that recorded it every step ends in the same bits.",
      "Run again with the same configuration and DIR, it goes on from the newest checkpoint."
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class ReplayCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "LOG",
      description = "Folder of the recording (rollouts/ of a run).")
  private Path folder;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "CONF",
      description = "Configuration to train with (default: the recorded one).")
  private Optional<Path> file = Optional.empty();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder to make for checkpoints and metrics, or to go on in.")
  private Path out;

  @Mixin private ConfigArguments arguments;

  @Override
  public Integer call() {
    Recording recording = Recording.open(folder);
    LoadedConfig loaded =
        file.isPresent()
            ? arguments.read(file)
            : arguments.readRecorded(recording.manifest().config(), folder);
    RunConfig config = loaded.settings();
    Preflight.checkModel(config.model());
    SortedMap<String, String> settings = settings(config, recording.manifest());
    try (RunClaim claim = RunClaim.take(out, "replay", settings);
        RunLog _ = RunLog.to(claim.folder().log())) {
      PrintWriter console = spec.commandLine().getOut();
      Resumption resumption = Resumption.find(claim, config, settings, console);
      claim.folder().writeConfig(loaded.render());
      replay(recording, config, settings, claim.folder(), resumption);
    }
    return CommandLine.ExitCode.OK;
  }

  /** What decides the result: the settings, and what is replayed. */
  private static SortedMap<String, String> settings(RunConfig config, RecordingManifest recorded) {
    SortedMap<String, String> settings = ResultSettings.replayed(config);
    settings.put("run id of the recording", recorded.runId());
    settings.put("SHA-256 of the recorded model", recorded.modelHash());
    return settings;
  }

  private void replay(
      Recording recording,
      RunConfig config,
      SortedMap<String, String> settings,
      RunFolder folder,
      Resumption start) {
    PrintWriter console = spec.commandLine().getOut();
    Tally tally = Tally.of(start.progress());
    try (RunReport report = new RunReport(folder, Clock.systemUTC(), start.numTaken());
        CommandProgress progress =
            new CommandProgress("replay", tally.steps, config.run().steps(), console);
        PolicyTrainer trainer =
            NodeAssembly.trainer(
                config,
                image -> Optional.of(recording.image(image.sha256())),
                folder.path(),
                new NodeAssembly.Start(start.checkpoint(), settings))) {
      GuardWatch watch = GuardWatch.of(config.guards(), report, console);
      Replay.run(
          recording,
          trainer,
          tally.steps,
          step -> {
            tally.add(step);
            report(step, watch, report);
            progress.to(tally.steps);
            if (trainer.isCheckpointDue()) {
              save(trainer, tally, report);
            }
            return watch.ending().isEmpty();
          });
      if (tally.steps == tally.stepsBefore) {
        start.requireUnfinished(folder.path(), start.numTaken());
      }
      save(trainer, tally, report);
      watch.requireNoEnding(folder.checkpoints());
    }
    console.printf(
        "%d steps, %d of them equal to the recorded bit for bit%n", tally.steps, tally.equal);
  }

  private static void report(ReplayedStep step, GuardWatch watch, RunReport report) {
    switch (step.update()) {
      case Trainer.Update.Taken taken ->
          report.stepFinished(
              watch.taken(new StepReport(taken.committed().version().step(), taken.metrics())));
      case Trainer.Update.Skipped skipped ->
          watch.skipped(step.recorded().version().step(), skipped.reason());
    }
  }

  private static void save(PolicyTrainer trainer, Tally tally, RunReport report) {
    report.force();
    trainer.saveCheckpoint(tally.progress());
  }

  /**
   * How many recorded steps were taken again, and how many came out the same; kept across parts.
   */
  private static final class Tally {
    private final long stepsBefore;
    private long steps;
    private long equal;

    private Tally(long steps, long equal) {
      this.stepsBefore = steps;
      this.steps = steps;
      this.equal = equal;
    }

    static Tally of(Map<String, String> progress) {
      return new Tally(
          Long.parseLong(progress.getOrDefault("recorded_steps", "0")),
          Long.parseLong(progress.getOrDefault("equal_steps", "0")));
    }

    void add(ReplayedStep step) {
      steps++;
      equal += step.isBitwiseEqual() ? 1 : 0;
    }

    Map<String, String> progress() {
      return Map.of("recorded_steps", Long.toString(steps), "equal_steps", Long.toString(equal));
    }
  }
}
