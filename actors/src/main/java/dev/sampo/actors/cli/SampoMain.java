package dev.sampo.actors.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command {@code sampo}. Exit code 0 is success, 1 a failure, 2 a wrong command line. */
@Command(
    name = "sampo",
    description = "Trains vision-language models by reinforcement learning.",
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    versionProvider = BuildVersion.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    subcommands = {
      QuickstartCommand.class,
      TrainCommand.class,
      NodeCommand.class,
      SftCommand.class,
      EvalCommand.class,
      GenerateCommand.class,
      MergeCommand.class,
      DataCommand.class,
      ReplayCommand.class,
      InspectCommand.class,
      ControlCommand.Pause.class,
      ControlCommand.Resume.class,
      ObjectiveCommand.class,
      HelpCommand.class
    })
public final class SampoMain implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Print the stack trace of a failure.")
  private boolean debug;

  /** Runs the command line and ends the JVM with its exit code. */
  public static void main(String[] args) {
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    int exitCode = run(out, err, args);
    out.flush(); // print() without a line end does not
    System.exit(exitCode);
  }

  /**
   * Runs one command.
   *
   * @param out takes results
   * @param err takes failures
   * @param args the command line
   * @return the exit code
   */
  static int run(PrintWriter out, PrintWriter err, String... args) {
    SampoMain main = new SampoMain();
    CommandFailures failures = new CommandFailures(() -> main.debug);
    return new CommandLine(main)
        .setOut(out)
        .setErr(err)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(failures)
        .setParameterExceptionHandler(failures)
        .execute(args);
  }

  /** Without a command: says what there is. */
  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(),
        "which command? one of " + String.join(", ", spec.subcommands().keySet()));
  }
}
