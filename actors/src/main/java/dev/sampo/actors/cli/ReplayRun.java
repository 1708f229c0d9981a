package dev.sampo.actors.cli;

import dev.sampo.actors.GuardWatch;
import dev.sampo.actors.StepReport;
import dev.sampo.actors.engine.NodeAssembly;
import dev.sampo.actors.engine.PolicyTrainer;
import dev.sampo.actors.engine.Replay;
import dev.sampo.actors.engine.ReplayPlan;
import dev.sampo.actors.engine.RunRecording;
import dev.sampo.actors.pipeline.SkippedGroups;
import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.actors.report.RunReport;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.RunConfig;
import dev.sampo.protocol.ImageRef;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.SortedMap;

/** A replay from its beginning, or from where it was left, to the last step that is asked for. */
final class ReplayRun {
  private static final int LEARNER_TERM = 1; // of whoever replays, however often that goes on

  private final ReplayPlan plan;
  private final boolean isTrained;
  private final Optional<Path> checkpoint;
  private final LoadedConfig loaded;
  private final SortedMap<String, String> settings;
  private final RunFolder folder;
  private final PrintWriter out;

  /**
   * Prepares a replay.
   *
   * @param isTrained whether the recorded run trained
   * @param checkpoint the weights before the first step; empty for those that the run began with
   * @param settings what decides the result, for the checkpoints
   */
  ReplayRun(
      ReplayPlan plan,
      boolean isTrained,
      Optional<Path> checkpoint,
      LoadedConfig loaded,
      SortedMap<String, String> settings,
      RunFolder folder,
      PrintWriter out) {
    this.plan = plan;
    this.isTrained = isTrained;
    this.checkpoint = checkpoint;
    this.loaded = loaded;
    this.settings = settings;
    this.folder = folder;
    this.out = out;
  }

  /** Trains and says how much of the recording came out again. */
  void run(Resumption start) {
    RunConfig config = loaded.settings();
    ReplayTally tally = ReplayTally.of(start.progress());
    ReplayPlan left = plan.upTo(config.run().steps()).after(tally.last());
    if (left.isEmpty()) {
      start.requireUnfinished(folder.path(), start.numTaken());
    }
    start.announce(out);
    try (RunReport report = new RunReport(folder, Clock.systemUTC(), start.numTaken());
        CommandProgress progress =
            new CommandProgress("replay", left.first() - 1, left.last(), out);
        PolicyTrainer trainer =
            NodeAssembly.trainer(
                config,
                this::image,
                folder.path(),
                new NodeAssembly.Start(
                    start.checkpoint().or(() -> checkpoint),
                    settings,
                    LEARNER_TERM,
                    Optional.of(plan.recording().manifest().modelHash())));
        Interruption interruption = Interruption.ofTraining()) {
      if (tally.steps() == 0) {
        left.requireStart(trainer.version().weightsHash());
      }
      report.lost(plan.first(), start.numTaken()).ifPresent(line -> Resumption.say(out, line));
      SkippedGroups skips = RunRecording.skippedGroups(loaded, this::image, folder.path());
      GuardWatch watch = new GuardWatch(config.guards(), report.steps(), line -> say(line, report));
      watch.goOnAfter(tally.skipped());
      StepTimer timer = new StepTimer();
      Replay.run(
          left,
          trainer,
          step -> {
            tally.add(step);
            switch (step.update()) {
              case Trainer.Update.Taken taken -> {
                StepReport measured = new StepReport(trainer.version().step(), taken.metrics());
                report.stepFinished(watch.taken(timer.ended(measured)));
                taken.notice().ifPresent(line -> say(line, report));
              }
              case Trainer.Update.Skipped skipped ->
                  watch.skipped(step.recorded().version().step(), skipped.reason());
            }
            skips.keep(trainer.version(), step.groups(), step.update());
            progress.to(tally.last());
            if (trainer.isCheckpointDue()) {
              save(trainer, tally, report);
            }
            return watch.ending().isEmpty() && !interruption.isRequested();
          });
      save(trainer, tally, report);
      if (tally.last() < left.last()) {
        interruption.requireNone(
            "%s has the steps up to %d of the recording; the same command goes on"
                .formatted(folder.checkpoints(), tally.last()),
            out);
      }
      if (watch.ending().isPresent()) {
        throw CommandFailedException.stopped(watch.ending().get(), folder.checkpoints());
      }
    }
    out.println(tally.line(isTrained));
  }

  private Optional<byte[]> image(ImageRef image) {
    return Optional.of(plan.recording().image(image.sha256()));
  }

  private static void save(PolicyTrainer trainer, ReplayTally tally, RunReport report) {
    report.force();
    trainer.saveCheckpoint(tally.progress());
  }

  private void say(String line, RunReport report) {
    report.noticed(line);
    out.println(line);
  }
}
