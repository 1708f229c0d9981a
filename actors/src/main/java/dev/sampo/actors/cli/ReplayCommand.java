package dev.sampo.actors.cli;

import dev.sampo.actors.engine.ReplayPlan;
import dev.sampo.actors.report.RunClaim;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.config.InvalidConfigException;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.ResultSettings;
import dev.sampo.config.RunConfig;
import dev.sampo.config.RunConfigReader;
import dev.sampo.protocol.log.Recording;
import dev.sampo.protocol.log.RecordingManifest;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sampo replay LOG [CONF]}. */
@Command(
    name = "replay",
    description = {
      "Train again from a recording, in place of rollout and reward workers.",
      "On the machine that recorded it every step ends in the same bits, unless CONF changes the"
          + " learner.",
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

  @Mixin private ReplayRange range;

  @Mixin private ConfigArguments arguments;

  @Override
  public Integer call() {
    Recording recording = recording();
    Optional<LoadedConfig> recorded = recorded(recording);
    LoadedConfig loaded = file.isPresent() ? arguments.read(file) : changed(recording, recorded);
    RunConfig config = loaded.settings();
    range.requireComplete(spec.commandLine());
    ReplayPlan plan = range.plan(recording);
    Preflight.checkModel(config.model());
    Preflight.checkReference(config);
    SortedMap<String, String> settings = settings(config, recording.manifest(), plan);
    try (RunClaim claim = RunClaim.take(out, "replay", settings);
        RunLog _ = RunLog.to(claim.folder().log())) {
      PrintWriter console = spec.commandLine().getOut();
      Resumption resumption = Resumption.find(claim, config, settings, console);
      claim.folder().writeConfig(loaded.render());
      RecordedConditions conditions =
          RecordedConditions.of(recording.manifest(), recorded.map(LoadedConfig::settings), config);
      conditions.remarks().forEach(console::println);
      new ReplayRun(
              conditions.isAsRecorded() ? plan : plan.packedAnew(),
              conditions.isTrained(),
              range.checkpoint(),
              loaded,
              settings,
              claim.folder(),
              console)
          .run(resumption);
    }
    return CommandLine.ExitCode.OK;
  }

  private Recording recording() {
    Path inside = new RunFolder(folder).rollouts();
    if (!Recording.isOne(folder) && Recording.isOne(inside)) {
      throw new ParameterException(
          spec.commandLine(),
          "%s is a run, its recording is %s: sampo replay %s --out DIR"
              .formatted(folder, inside, inside));
    }
    return Recording.open(folder);
  }

  /** The recorded configuration; empty if it is one of a program that had other keys. */
  private Optional<LoadedConfig> recorded(Recording recording) {
    try {
      return Optional.of(
          RunConfigReader.readText(
              recording.manifest().config(),
              folder.resolve("manifest.json").toString(),
              List.of()));
    } catch (InvalidConfigException e) {
      return Optional.empty();
    }
  }

  private LoadedConfig changed(Recording recording, Optional<LoadedConfig> recorded) {
    if (recorded.isEmpty()) {
      throw new CommandFailedException(
          "%s was recorded with settings that this program does not have any more; name a configuration: sampo replay LOG CONF --out DIR"
              .formatted(folder));
    }
    return arguments.readRecorded(recording.manifest().config(), folder);
  }

  /** What decides the result: the settings, and what is replayed. */
  private static SortedMap<String, String> settings(
      RunConfig config, RecordingManifest recorded, ReplayPlan plan) {
    SortedMap<String, String> settings = ResultSettings.replayed(config);
    settings.put("run id of the recording", recorded.runId());
    settings.put("SHA-256 of the recorded model", recorded.modelHash());
    if (plan.first() > 1) {
      settings.put("first step of the recording", Long.toString(plan.first()));
    }
    return settings;
  }
}
