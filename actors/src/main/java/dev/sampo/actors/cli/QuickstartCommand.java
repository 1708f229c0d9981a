package dev.sampo.actors.cli;

import dev.sampo.actors.report.RunClaim;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.RunConfig;
import dev.sampo.tasks.rec.RecDataSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code sampo quickstart}. */
@Command(
    name = "quickstart",
    description = {
      "Train the small model that comes with Sampo, everything in one process:",
      "write the data, measure, run GRPO as a one-node cluster, measure again, report."
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class QuickstartCommand implements Callable<Integer> {
  /** Prompts of the training set; the run of the shipped configuration asks each at most once. */
  private static final int TRAINING_ROWS = 3000;

  /** Which of the shipped models to start from. */
  enum Start {
    /** It sees well, but answers in another box convention than the reward wants. */
    shifted,
    /** It answers in the right convention already. */
    clean,
    /** Random weights: nothing is learned in so short a time. */
    random
  }

  @Spec private CommandSpec spec;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Run folder to make (default: runs/quickstart-TIME).")
  private Optional<Path> out = Optional.empty();

  @Option(names = "--seed", paramLabel = "N", description = "Seed of data, shuffling and sampling.")
  private Optional<Long> seed = Optional.empty();

  @Option(names = "--steps", paramLabel = "N", description = "Optimizer steps.")
  private Optional<Long> steps = Optional.empty();

  @Option(
      names = "--start",
      defaultValue = "shifted",
      description = "Model to start from: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Start start;

  @Mixin private ConfigArguments arguments;

  @Override
  public Integer call() {
    Instant started = Instant.now();
    Path home = home();
    Path target = out.orElseGet(QuickstartCommand::folderOfNow).toAbsolutePath().normalize();
    LoadedConfig loaded =
        arguments.read(Optional.of(home.resolve("conf/quickstart.conf")), assignments(target));
    RunFolder.requireFree(target);
    requireModel(loaded.settings().model().path());
    Preflight.checkModel(loaded.settings().model());
    RunConfig config = loaded.settings();
    RecDataSettings data =
        RecDataSettings.forTraining(
            TRAINING_ROWS, config.evaluation().prompts(), config.run().seed());
    DataSynthCommand.write(new RunFolder(target).data(), data, spec.commandLine());
    loaded.requireFiles();
    try (RunClaim claim = TrainingRun.claim(config);
        RunLog _ = RunLog.to(claim.folder().log())) {
      new TrainingRun(loaded, claim, spec.commandLine().getOut(), started).run();
    }
    return CommandLine.ExitCode.OK;
  }

  private String[] assignments(Path target) {
    List<String> assignments = new ArrayList<>();
    assignments.add("run.folder=\"" + target + "\"");
    seed.ifPresent(value -> assignments.add("run.seed=" + value));
    steps.ifPresent(value -> assignments.add("run.steps=" + value));
    switch (start) {
      case shifted -> {} // what the configuration says
      case clean -> assignments.add("model.path=\"" + shipped("clean") + "\"");
      case random -> {
        assignments.add("model.path=\"" + shipped("") + "\"");
        assignments.add("model.init=random");
      }
    }
    return assignments.toArray(String[]::new);
  }

  private static void requireModel(Path model) {
    if (!Files.isReadable(model.resolve("config.json"))) {
      throw new CommandFailedException(model + ": there is no model (config.json) in this folder");
    }
  }

  private static Path home() {
    return Optional.ofNullable(System.getProperty("sampo.home"))
        .map(Path::of)
        .orElseThrow(() ->
            new CommandFailedException(
                "the system property sampo.home is not set; start Sampo with ./sampo"));
  }

  private static Path shipped(String name) {
    return home().resolve("models/tiny-rec").resolve(name);
  }

  private static Path folderOfNow() {
    return Path.of(
        "runs",
        "quickstart-"
            + LocalDateTime.now(ZoneId.systemDefault())
                .format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss")));
  }
}
