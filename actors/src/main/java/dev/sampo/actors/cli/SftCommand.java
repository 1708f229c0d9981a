package dev.sampo.actors.cli;

import dev.sampo.actors.StepReport;
import dev.sampo.actors.engine.NodeAssembly;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.actors.report.RunReport;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.RunConfig;
import dev.sampo.learner.batch.CachedPromptEncoder;
import dev.sampo.learner.checkpoint.CheckpointFolder;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.learner.sft.SftPhase;
import dev.sampo.learner.sft.SftSettings;
import dev.sampo.learner.sft.SftTraining;
import dev.sampo.tasks.data.DataFile;
import dev.sampo.tasks.data.DataSet;
import dev.sampo.tasks.data.ImageFiles;
import dev.sampo.tasks.data.QuestionTemplate;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.ops.NativeThreads;
import dev.sampo.vlm.prompt.VlmProcessor;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sampo sft CONF}. */
@Command(
    name = "sft",
    description = "Train on reference answers: the supervised baseline and the warm start.")
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class SftCommand implements Callable<Integer> {
  private static final int CACHED_IMAGES = 4096;

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "CONF", description = "The run configuration (HOCON).")
  private Path file;

  @Mixin private ConfigArguments arguments;

  @Override
  public Integer call() {
    LoadedConfig loaded = arguments.read(Optional.of(file), "node.roles=[rollout]");
    loaded.requireFiles();
    RunConfig config = loaded.settings();
    if (config.sft().phases().isEmpty()) {
      throw new CommandFailedException(file + ": sampo.sft.phases names no phase");
    }
    RunFolder.requireFree(config.run().folder());
    Preflight.checkModel(config.model());
    ImageFiles images = new ImageFiles();
    List<SftRows> data =
        config.sft().phases().stream().map(phase -> rows(phase, config, images)).toList();
    RunFolder folder = RunFolder.create(config.run().folder());
    folder.writeConfig(loaded.render());
    Path checkpoint;
    try (RunLog _ = RunLog.to(folder.log());
        RunReport report = new RunReport(folder, Clock.systemUTC())) {
      checkpoint = train(config, data, images, folder, report);
    }
    spec.commandLine().getOut().println("checkpoint: " + checkpoint);
    return CommandLine.ExitCode.OK;
  }

  private static SftRows rows(SftPhase phase, RunConfig config, ImageFiles images) {
    return new SftRows(
        DataSet.open(
            List.of(new DataFile(phase.data(), phase.imageFolder())),
            config.data().task(),
            new QuestionTemplate(phase.questionTemplate()),
            images));
  }

  private Path train(
      RunConfig config, List<SftRows> data, ImageFiles images, RunFolder folder, RunReport report) {
    SftSettings settings = config.sft();
    long seed = config.run().seed();
    NativeThreads.use(settings.threads());
    CheckpointFolder checkpoints =
        new CheckpointFolder(
            folder.checkpoints(), config.model().path(), config.checkpoint().keep());
    try (VlmProcessor processor = NodeAssembly.processor(config.model());
        VisionLanguageModel model = NodeAssembly.open(config.model(), seed);
        AdamW optimizer =
            new AdamW(model.trainable(config.model().freeze().parts()), settings.optimizer());
        SftTraining training =
            new SftTraining(
                model,
                optimizer,
                settings,
                List.copyOf(data),
                new CachedPromptEncoder(
                    processor, image -> images.find(image.sha256()), CACHED_IMAGES),
                processor::encodeAnswer,
                seed);
        CommandProgress progress =
            new CommandProgress("sft", settings.totalSteps(), spec.commandLine().getOut())) {
      while (!training.isFinished()) {
        Map<String, Double> metrics = training.step();
        long step = optimizer.numSteps();
        report.stepFinished(new StepReport(step, metrics));
        progress.to(step, note(metrics));
        if (step % config.checkpoint().every() == 0 && !training.isFinished()) {
          checkpoints.save(model, optimizer, settings.totalSteps(), seed, Map.of());
        }
      }
      return checkpoints.save(model, optimizer, settings.totalSteps(), seed, Map.of());
    }
  }

  private static String note(Map<String, Double> metrics) {
    return String.format(
        Locale.ROOT,
        "phase %.0f loss %.3f",
        metrics.getOrDefault("phase", 1.0),
        metrics.getOrDefault("loss", Double.NaN));
  }
}
