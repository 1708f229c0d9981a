package dev.sampo.actors.cli;

import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code sampo data synth}. */
@Command(
    name = "synth",
    description = {
      "Write a synthetic data set: PNG images, and JSONL rows in the VLM-R1 format.",
      "The same options give the same bytes."
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class DataSynthCommand implements Callable<Integer> {
  /** What can be asked about the scenes. */
  enum Task {
    rec
  }

  @Spec private CommandSpec spec;

  @Option(
      names = "--task",
      required = true,
      description = "What the rows ask: ${COMPLETION-CANDIDATES} (referring expressions).")
  private Task task;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder to make.")
  private Path out;

  @Option(
      names = "-n",
      required = true,
      paramLabel = "N",
      description = "Rows of train.jsonl; with --warm-start, images of its largest file.")
  private int size;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "S",
      description = "Seed of everything random in it (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--eval-rows",
      defaultValue = "384",
      paramLabel = "N",
      description = "Rows of every evaluation split (default: ${DEFAULT-VALUE}).")
  private int evaluationRows;

  @Option(
      names = "--warm-start",
      description = "Write demonstrations for the supervised warm start instead.")
  private boolean warmStart;

  @Override
  public Integer call() {
    if (size < 1 || evaluationRows < 1) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "-n and --eval-rows must be at least 1");
    }
    RecDataSettings settings =
        switch (task) {
          case rec ->
              warmStart
                  ? RecDataSettings.forWarmStart(size, seed)
                  : RecDataSettings.forTraining(size, evaluationRows, seed);
        };
    boolean written = write(out, settings, spec.commandLine());
    spec.commandLine()
        .getOut()
        .println(
            written
                ? out + ": " + settings.numRows() + " rows"
                : out + ": is that data set already");
    return CommandLine.ExitCode.OK;
  }

  /** Writes the data set and shows how far it is. */
  static boolean write(Path out, RecDataSettings settings, CommandLine commandLine) {
    try (CommandProgress progress =
        new CommandProgress("data", settings.numRows(), commandLine.getOut())) {
      return RecDataWriter.write(out, settings, (done, total) -> progress.to(done));
    }
  }
}
