package dev.sampo.actors.cli;

import dev.sampo.actors.report.RunClaim;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.NodeRole;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sampo train CONF}. */
@Command(
    name = "train",
    description = {
      "Run the training that a configuration describes, on this node's roles.",
      "Run again with the same configuration, it goes on where it was left."
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class TrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "CONF", description = "The run configuration (HOCON).")
  private Path file;

  @Mixin private ConfigArguments arguments;

  @Option(
      names = "--dry-run",
      description = "Check everything, print batch arithmetic, memory and image tokens, and stop.")
  private boolean dryRun;

  @Override
  public Integer call() {
    Instant started = Instant.now();
    LoadedConfig loaded = arguments.readForUse(Optional.of(file));
    Preflight.requireInPlace(loaded);
    if (!loaded.settings().node().has(NodeRole.LEARNER)) {
      throw new CommandFailedException(
          "sampo.node.roles has no learner; a node without one is started by 'sampo node'");
    }
    if (dryRun) {
      Preflight.checkInputs(loaded);
      spec.commandLine().getOut().print(DryRun.of(loaded.settings()));
      return CommandLine.ExitCode.OK;
    }
    Preflight.check(loaded, spec.commandLine().getOut());
    try (RunClaim claim = TrainingRun.claim(loaded.settings());
        RunLog _ = RunLog.to(claim.folder().log())) {
      new TrainingRun(loaded, claim, spec.commandLine().getOut(), started).run();
    }
    return CommandLine.ExitCode.OK;
  }
}
