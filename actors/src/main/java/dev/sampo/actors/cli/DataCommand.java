package dev.sampo.actors.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code sampo data}: what can be done with data sets. */
@Command(
    name = "data",
    description = "Make data sets.",
    subcommands = {DataSynthCommand.class})
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class DataCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "which one? " + String.join(", ", spec.subcommands().keySet()));
  }
}
