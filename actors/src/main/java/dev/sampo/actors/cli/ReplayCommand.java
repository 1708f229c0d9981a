package dev.sampo.actors.cli;

import dev.sampo.actors.report.RunClaim;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.ResultSettings;
import dev.sampo.config.RunConfig;
import dev.sampo.protocol.log.Recording;
import dev.sampo.protocol.log.RecordingManifest;
import java.io.PrintWriter;
import java.nio.file.Path;
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
      new ReplayRun(recording, loaded, settings, claim.folder(), console).run(resumption);
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
}
