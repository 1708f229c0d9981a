package dev.sampo.actors.cli;

import dev.sampo.actors.engine.RunModels;
import dev.sampo.actors.evaluation.SplitResult;
import dev.sampo.actors.report.ResultTable;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.RunConfig;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sampo eval CONF}. */
@Command(
    name = "eval",
    description = "Measure the model of a configuration on its evaluation splits.")
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class EvalCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "CONF", description = "The run configuration (HOCON).")
  private Path file;

  @Mixin private ConfigArguments arguments;

  @Override
  public Integer call() {
    LoadedConfig loaded = arguments.readForUse(Optional.of(file), "node.roles=[eval]");
    loaded.requireFiles();
    RunConfig config = loaded.settings();
    if (config.evaluation().splits().isEmpty()) {
      throw new CommandFailedException(file + ": sampo.evaluation.splits names no split");
    }
    Map<String, SplitResult> results =
        PolicyMeasurement.of(config, spec.commandLine().getOut())
            .measure(
                "evaluation",
                () -> RunModels.open(config.model(), config.run().seed()),
                () -> false);
    spec.commandLine().getOut().print(ResultTable.of(results));
    return CommandLine.ExitCode.OK;
  }
}
