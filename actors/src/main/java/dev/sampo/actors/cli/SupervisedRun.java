package dev.sampo.actors.cli;

import dev.sampo.actors.GuardWatch;
import dev.sampo.actors.StepReport;
import dev.sampo.actors.engine.RunModels;
import dev.sampo.actors.report.RunReport;
import dev.sampo.actors.report.SetAside;
import dev.sampo.config.RunConfig;
import dev.sampo.learner.batch.CachedPromptEncoder;
import dev.sampo.learner.checkpoint.CheckpointFolder;
import dev.sampo.learner.checkpoint.TrainerState;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.learner.sft.SftExample;
import dev.sampo.learner.sft.SftSettings;
import dev.sampo.learner.sft.SftStep;
import dev.sampo.learner.sft.SftTraining;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.tasks.data.ImageFiles;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.ops.NativeThreads;
import dev.sampo.vlm.prompt.VlmProcessor;
import dev.sampo.vlm.weights.SafetensorsFile;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;

/** A supervised training from its beginning, or from a checkpoint, to its last step. */
final class SupervisedRun {
  private static final int CACHED_IMAGES = 4096;
  private static final int TERM = 1;

  private final RunConfig config;
  private final SftSettings sft;
  private final SortedMap<String, String> settings;
  private final ImageFiles images;
  private final PrintWriter out;

  /**
   * Prepares a run.
   *
   * @param settings what decides the result, for the checkpoints
   * @param images the images of the rows
   */
  SupervisedRun(
      RunConfig config, SortedMap<String, String> settings, ImageFiles images, PrintWriter out) {
    this.config = config;
    this.sft = config.sft();
    this.settings = settings;
    this.images = images;
    this.out = out;
  }

  /**
   * Trains.
   *
   * @param data the rows of each phase
   * @param setAside gets the rows of steps that were left out
   * @return the last checkpoint
   */
  Path run(List<SftRows> data, Resumption start, RunReport report, SetAside setAside) {
    NativeThreads.use(sft.threads());
    try (VlmProcessor processor = RunModels.processor(config.model());
        VisionLanguageModel model =
            RunModels.openTrained(config.model(), config.run().seed(), start.checkpoint());
        AdamW optimizer =
            new AdamW(model.trainable(config.model().freeze().parts()), sft.optimizer())) {
      start.checkpoint().ifPresent(checkpoint -> restore(checkpoint, model, optimizer));
      try (SftTraining training = training(data, processor, model, optimizer, start);
          CommandProgress progress =
              new CommandProgress("sft", start.numTaken(), sft.totalSteps(), out);
          Interruption interruption = Interruption.ofTraining()) {
        GuardWatch watch =
            new GuardWatch(config.guards(), report.steps(), line -> say(line, report));
        while (!training.isFinished() && watch.ending().isEmpty() && !interruption.isRequested()) {
          StepReport step = step(training, watch, setAside);
          report.stepFinished(step);
          progress.to(step.step(), note(step.metrics()));
          if (step.step() % config.checkpoint().every() == 0) {
            save(start.checkpoints(), model, optimizer, step.step(), report);
          }
        }
        Path last = save(start.checkpoints(), model, optimizer, training.numTaken(), report);
        if (!training.isFinished()) {
          interruption.requireNone(
              "%s has the %d steps so far; the same command goes on"
                  .formatted(last, training.numTaken()),
              out);
        }
        if (watch.ending().isPresent()) {
          throw CommandFailedException.stopped(watch.ending().get(), last);
        }
        return last;
      }
    }
  }

  private static StepReport step(SftTraining training, GuardWatch watch, SetAside setAside) {
    SftStep step = training.step();
    StepReport measured = new StepReport(training.numTaken(), step.metrics());
    return switch (step) {
      case SftStep.Taken _ -> watch.taken(measured);
      case SftStep.Skipped(String reason, List<SftExample> rows, var metrics) -> {
        setAside.keepRows(new SetAside.Step(training.numTaken(), reason, metrics), rows);
        yield watch.skipped(measured, reason);
      }
    };
  }

  private SftTraining training(
      List<SftRows> data,
      VlmProcessor processor,
      VisionLanguageModel model,
      AdamW optimizer,
      Resumption start) {
    return new SftTraining(
        model,
        optimizer,
        sft,
        List.copyOf(data),
        new CachedPromptEncoder(processor, image -> images.find(image.sha256()), CACHED_IMAGES),
        processor::encodeAnswer,
        config.run().seed(),
        start.numTaken());
  }

  private static void restore(Path checkpoint, VisionLanguageModel model, AdamW optimizer) {
    CheckpointFolder.verify(checkpoint, model);
    try (SafetensorsFile moments =
        CheckpointFolder.tensors(checkpoint, CheckpointFolder.OPTIMIZER)) {
      optimizer.restore(moments.tensors());
    }
  }

  private Path save(
      CheckpointFolder checkpoints,
      VisionLanguageModel model,
      AdamW optimizer,
      long numTaken,
      RunReport report) {
    report.force();
    PolicyVersion version =
        new PolicyVersion(
            config.run().id(), TERM, numTaken, WeightArrays.sha256(model.parameters()));
    TrainerState state =
        new TrainerState(version, sft.totalSteps(), config.run().seed(), settings, Map.of());
    return checkpoints.save(model, state, Map.of(CheckpointFolder.OPTIMIZER, optimizer.state()));
  }

  private static String note(Map<String, Double> metrics) {
    return String.format(
        Locale.ROOT,
        "phase %.0f loss %.3f",
        metrics.getOrDefault("phase", 1.0),
        metrics.getOrDefault("loss", Double.NaN));
  }

  private void say(String line, RunReport report) {
    report.noticed(line);
    out.println(line);
  }
}
