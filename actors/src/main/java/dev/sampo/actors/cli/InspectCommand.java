package dev.sampo.actors.cli;

import dev.sampo.actors.report.SkippedStep;
import dev.sampo.protocol.log.Recording;
import dev.sampo.protocol.log.RecordingManifest;
import dev.sampo.protocol.log.RecordingReport;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sampo inspect LOG}. */
@Command(
    name = "inspect",
    description = "Say what a recording holds, or a step in set-aside/ of a run.")
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class InspectCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "LOG",
      description = "Folder of the recording (rollouts/ of a run), or set-aside/step-N.")
  private Path folder;

  @Option(
      names = "--verify",
      description = "Name every fault; exit code 1 when the recording is not complete.")
  private boolean verify;

  @Override
  public Integer call() {
    Optional<SkippedStep> skipped = SkippedStep.find(folder);
    skipped.ifPresent(this::print);
    if (skipped.isPresent() && !Recording.isOne(folder)) {
      return CommandLine.ExitCode.OK;
    }
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

  private void print(SkippedStep skipped) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf("left out    step %d: %s%n", skipped.step(), skipped.reason());
    for (SkippedStep.Row row : skipped.rows()) {
      out.printf("row         %s%s%n", row.source(), row.answer().map(a -> " -> " + a).orElse(""));
    }
    skipped.metrics().forEach((name, value) -> out.printf("metric      %s = %s%n", name, value));
  }
}
