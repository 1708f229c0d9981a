package dev.sampo.actors.cli;

import dev.sampo.actors.report.RunClaim;
import dev.sampo.actors.report.RunReport;
import dev.sampo.actors.report.SetAside;
import dev.sampo.actors.transfer.HashedFiles;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.ResultSettings;
import dev.sampo.config.RunConfig;
import dev.sampo.learner.sft.SftPhase;
import dev.sampo.tasks.data.DataFile;
import dev.sampo.tasks.data.DataSet;
import dev.sampo.tasks.data.ImageFiles;
import dev.sampo.tasks.data.QuestionTemplate;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sampo sft CONF}. */
@Command(
    name = "sft",
    description = {
      "Train on reference answers: the supervised baseline and the warm start.",
      "Run again with the same configuration, it goes on from the newest checkpoint."
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class SftCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "CONF", description = "The run configuration (HOCON).")
  private Path file;

  @Mixin private ConfigArguments arguments;

  @Override
  public Integer call() {
    LoadedConfig loaded = arguments.readForUse(Optional.of(file), "node.roles=[rollout]");
    Preflight.requireInPlace(loaded);
    loaded.requireFiles();
    RunConfig config = loaded.settings();
    if (config.sft().phases().isEmpty()) {
      throw new CommandFailedException(file + ": sampo.sft.phases names no phase");
    }
    Preflight.checkModel(config.model());
    ImageFiles images = new ImageFiles();
    List<SftRows> data =
        config.sft().phases().stream().map(phase -> rows(phase, config, images)).toList();
    SortedMap<String, String> settings = settings(config);
    Path checkpoint;
    try (RunClaim claim = RunClaim.take(config.run().folder(), "sft", settings);
        RunLog _ = RunLog.to(claim.folder().log())) {
      PrintWriter out = spec.commandLine().getOut();
      Resumption resumption = Resumption.find(claim, config, settings, out);
      resumption.requireUnfinished(claim.folder().path(), config.sft().totalSteps());
      resumption.announce(out);
      claim.folder().writeConfig(loaded.render());
      try (RunReport report =
          new RunReport(claim.folder(), Clock.systemUTC(), resumption.numTaken())) {
        report.lost(1, resumption.numTaken()).ifPresent(line -> Resumption.say(out, line));
        SetAside setAside = new SetAside(claim.folder().setAside(), config.guards().keepSetAside());
        checkpoint =
            new SupervisedRun(config, settings, images, out)
                .run(data, resumption, report, setAside);
      }
    }
    spec.commandLine().getOut().println("checkpoint: " + checkpoint);
    return CommandLine.ExitCode.OK;
  }

  /** What decides the result: the settings, and the rows that they name. */
  private static SortedMap<String, String> settings(RunConfig config) {
    SortedMap<String, String> settings = ResultSettings.supervised(config);
    for (int i = 0; i < config.sft().phases().size(); i++) {
      settings.put(
          "SHA-256 of sft.phases[" + i + "].data",
          HashedFiles.sha256Of(config.sft().phases().get(i).data()));
    }
    return settings;
  }

  private static SftRows rows(SftPhase phase, RunConfig config, ImageFiles images) {
    return new SftRows(
        DataSet.open(
            List.of(new DataFile(phase.data(), phase.imageFolder())),
            config.data().task(),
            new QuestionTemplate(phase.questionTemplate()),
            images));
  }
}
