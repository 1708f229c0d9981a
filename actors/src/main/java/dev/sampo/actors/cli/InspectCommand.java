package dev.sampo.actors.cli;

import dev.sampo.actors.report.SkippedStep;
import dev.sampo.protocol.log.Recording;
import dev.sampo.protocol.log.RecordingManifest;
import dev.sampo.protocol.log.RecordingReport;
import dev.sampo.protocol.log.Spread;
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
    out.printf("steps       %s%n", steps(report));
    out.printf("groups      %d%n", report.numGroups());
    out.printf("not trained %s%n", notTrained(report.notTrained()));
    out.printf("ages        %s%n", spread(report.ages(), "steps"));
    out.printf("lengths     %s%n", spread(report.lengths(), "tokens"));
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

  private static String steps(RecordingReport report) {
    String range =
        report
            .steps()
            .map(steps -> "%d, %d to %d".formatted(steps.count(), steps.first(), steps.last()))
            .orElse("0");
    return report.numAbandoned() == 0
        ? range
        : "%s; %d abandoned".formatted(range, report.numAbandoned());
  }

  private static String notTrained(RecordingReport.NotTrained groups) {
    return groups.count() == 0
        ? "0"
        : "%d: %d recorded again later, %d of abandoned steps, %d left"
            .formatted(groups.count(), groups.repeated(), groups.abandoned(), groups.left());
  }

  private static String spread(Spread spread, String unit) {
    return spread.count() == 0
        ? "none"
        : "%d to %d %s, half at most %d, nine tenths at most %d"
            .formatted(spread.min(), spread.max(), unit, spread.median(), spread.high());
  }
}
