package dev.sampo.actors.cli;

import dev.sampo.protocol.log.Recording;
import dev.sampo.protocol.log.RecordingManifest;
import dev.sampo.protocol.log.RecordingReport;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sampo inspect LOG}. */
@Command(name = "inspect", description = "Say what a recording holds.")
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class InspectCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "LOG", description = "Folder of the recording (rollouts/ of a run).")
  private Path folder;

  @Option(
      names = "--verify",
      description = "Name every fault; exit code 1 when the recording is not complete.")
  private boolean verify;

  @Override
  public Integer call() {
    Recording recording = Recording.open(folder);
    RecordingReport report = recording.verify();
    RecordingManifest manifest = recording.manifest();
    PrintWriter out = spec.commandLine().getOut();
    out.printf("run         %s%n", manifest.runId());
    out.printf("model       %s%n", manifest.modelHash());
    out.printf("made with   libtorch %s, %s%n", manifest.torchBuild(), manifest.cpuCapability());
    out.printf("groups      %d%n", report.numGroups());
    out.printf("steps       %d%n", report.numSteps());
    out.printf("images      %d%n", report.numImages());
    if (report.numTornBytes() > 0) {
      out.printf("torn tail   %d bytes, left out%n", report.numTornBytes());
    }
    out.printf("faults      %d%n", report.problems().size());
    if (verify) {
      report.problems().forEach(out::println);
    }
    return verify && !report.isComplete() ? CommandLine.ExitCode.SOFTWARE : CommandLine.ExitCode.OK;
  }
}
