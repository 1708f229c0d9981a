package dev.sampo.actors.cli;

import dev.sampo.actors.StepReport;
import dev.sampo.actors.engine.NodeAssembly;
import dev.sampo.actors.engine.PolicyTrainer;
import dev.sampo.actors.engine.Replay;
import dev.sampo.actors.engine.ReplayedStep;
import dev.sampo.actors.pipeline.SkippedGroups;
import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.actors.report.RunReport;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.RunConfig;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.log.Recording;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/** A replay from its beginning, or from a checkpoint, to the last recorded step. */
final class ReplayRun {
  private final Recording recording;
  private final LoadedConfig loaded;
  private final SortedMap<String, String> settings;
  private final RunFolder folder;
  private final PrintWriter out;

  /**
   * Prepares a replay.
   *
   * @param settings what decides the result, for the checkpoints
   */
  ReplayRun(
      Recording recording,
      LoadedConfig loaded,
      SortedMap<String, String> settings,
      RunFolder folder,
      PrintWriter out) {
    this.recording = recording;
    this.loaded = loaded;
    this.settings = settings;
    this.folder = folder;
    this.out = out;
  }

  /** Trains and says how much of the recording came out again. */
  void run(Resumption start) {
    RunConfig config = loaded.settings();
    Tally tally = Tally.of(start.progress());
    try (RunReport report = new RunReport(folder, Clock.systemUTC(), start.numTaken());
        CommandProgress progress =
            new CommandProgress("replay", tally.steps, config.run().steps(), out);
        PolicyTrainer trainer =
            NodeAssembly.trainer(
                config,
                this::image,
                folder.path(),
                new NodeAssembly.Start(start.checkpoint(), settings))) {
      SkippedGroups skips = NodeAssembly.skippedGroups(loaded, this::image, folder.path());
      GuardWatch watch = GuardWatch.of(config.guards(), report, out);
      Replay.run(
          recording,
          trainer,
          tally.steps,
          step -> {
            tally.add(step);
            switch (step.update()) {
              case Trainer.Update.Taken taken -> {
                StepReport measured = new StepReport(trainer.version().step(), taken.metrics());
                report.stepFinished(watch.taken(measured));
                taken.notice().ifPresent(watch::noticed);
              }
              case Trainer.Update.Skipped skipped ->
                  watch.skipped(step.recorded().version().step(), skipped.reason());
            }
            skips.keep(trainer.version(), step.groups(), step.update());
            progress.to(tally.steps);
            if (trainer.isCheckpointDue()) {
              save(trainer, tally, report);
            }
            return watch.ending().isEmpty();
          });
      if (tally.steps == tally.stepsBefore) {
        start.requireUnfinished(folder.path(), start.numTaken());
      }
      save(trainer, tally, report);
      watch.requireNoEnding(folder.checkpoints());
    }
    out.printf(
        "%d steps, %d of them equal to the recorded bit for bit%n", tally.steps, tally.equal);
  }

  private Optional<byte[]> image(ImageRef image) {
    return Optional.of(recording.image(image.sha256()));
  }

  private static void save(PolicyTrainer trainer, Tally tally, RunReport report) {
    report.force();
    trainer.saveCheckpoint(tally.progress());
  }

  /**
   * How many recorded steps were taken again, and how many came out the same; kept across parts.
   */
  private static final class Tally {
    private final long stepsBefore;
    private long steps;
    private long equal;

    private Tally(long steps, long equal) {
      this.stepsBefore = steps;
      this.steps = steps;
      this.equal = equal;
    }

    static Tally of(Map<String, String> progress) {
      return new Tally(
          Long.parseLong(progress.getOrDefault("recorded_steps", "0")),
          Long.parseLong(progress.getOrDefault("equal_steps", "0")));
    }

    void add(ReplayedStep step) {
      steps++;
      equal += step.isBitwiseEqual() ? 1 : 0;
    }

    Map<String, String> progress() {
      return Map.of("recorded_steps", Long.toString(steps), "equal_steps", Long.toString(equal));
    }
  }
}
