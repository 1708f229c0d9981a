package dev.sampo.actors.cli;

import dev.sampo.actors.report.RunFolder;
import dev.sampo.actors.report.SkippedStep;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.log.Recording;
import dev.sampo.protocol.log.RecordingManifest;
import dev.sampo.protocol.log.RecordingReport;
import dev.sampo.protocol.log.Spread;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sampo inspect FOLDER}. */
@Command(
    name = "inspect",
    description =
        "Say what a run has come to by its ledger, what a recording holds, or why a step was left"
            + " out.")
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class InspectCommand implements Callable<Integer> {
  private static final Pattern RANGE = Pattern.compile("(\\d{1,18})-(\\d{0,18})");

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "FOLDER",
      description = "A run folder, or in one: rollouts (a recording) or set-aside/step-N.")
  private Path folder;

  @Option(
      names = "--verify",
      description =
          "Look at everything and name every fault: of the recording, of the ledger, and where the"
              + " two disagree; exit code 1 when there is one.")
  private boolean verify;

  @Option(
      names = "--events",
      paramLabel = "A-B",
      description = "Print the events of the ledger with these numbers, from 0; 'A-' to the end.")
  private Optional<String> events = Optional.empty();

  @Option(
      names = "--group",
      paramLabel = "ID",
      description = "Print every event of one prompt's group.")
  private Optional<Long> group = Optional.empty();

  @Override
  public Integer call() {
    requireOneQuestion();
    Optional<Range> range = events.map(this::range);
    if (!Files.exists(folder)) {
      throw new CommandFailedException(folder + ": there is no such folder");
    }
    RunFolder run = new RunFolder(folder);
    if (InspectedRun.isOne(run)) {
      return inspect(InspectedRun.open(run, spec.commandLine().getOut()), range);
    }
    if (events.isPresent() || group.isPresent()) {
      throw wrongUsage("--events and --group need a run folder; " + folder + " is none");
    }
    return inspectRecording();
  }

  private void requireOneQuestion() {
    long questions =
        Stream.of(verify, events.isPresent(), group.isPresent()).filter(asked -> asked).count();
    if (questions > 1) {
      throw wrongUsage("--verify, --events and --group are different questions: ask one");
    }
    if (group.isPresent() && group.get() < 0) {
      throw wrongUsage("--group wants a number from 0, not " + group.get());
    }
  }

  private int inspect(InspectedRun run, Optional<Range> range) {
    if (range.isPresent()) {
      run.events(range.get().first(), range.get().last());
    } else if (group.isPresent()) {
      run.history(new GroupId(group.get()));
    } else if (run.summarize(verify) && verify) {
      return CommandLine.ExitCode.SOFTWARE;
    }
    return CommandLine.ExitCode.OK;
  }

  /** Numbers of events, both included. */
  private record Range(long first, long last) {}

  private Range range(String text) {
    Matcher matcher = RANGE.matcher(text);
    if (!matcher.matches()) {
      throw wrongUsage("--events wants A-B or A-, for example 0-99, not " + text);
    }
    String last = matcher.group(2);
    Range range =
        new Range(
            Long.parseLong(matcher.group(1)),
            last.isEmpty() ? Long.MAX_VALUE : Long.parseLong(last));
    if (range.last() < range.first()) {
      throw wrongUsage("--events wants A-B with B not before A, not " + text);
    }
    return range;
  }

  private ParameterException wrongUsage(String line) {
    return new ParameterException(spec.commandLine(), line);
  }

  private int inspectRecording() {
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
