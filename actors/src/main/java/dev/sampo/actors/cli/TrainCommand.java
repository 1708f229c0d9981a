package dev.sampo.actors.cli;

import dev.sampo.config.LoadedConfig;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sampo train CONF}. */
@Command(name = "train", description = "Run the training that a configuration describes.")
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class TrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "CONF", description = "The run configuration (HOCON).")
  private Path file;

  @Mixin private ConfigArguments config;

  @Override
  public Integer call() {
    LoadedConfig loaded = config.read(Optional.of(file));
    loaded.requireFiles();
    spec.commandLine().getOut().println(loaded.render());
    return 0;
  }
}
