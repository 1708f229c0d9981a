package dev.sampo.actors.engine;

import dev.sampo.actors.RunListener;
import dev.sampo.actors.StepReport;
import dev.sampo.actors.run.GroupLedger;
import dev.sampo.config.RunConfig;
import dev.sampo.protocol.log.RecordedStep;
import dev.sampo.protocol.log.Recording;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The reports of steps that a run has recorded only, and takes never again. */
public final class RecordedReports {
  private RecordedReports() {}

  /**
   * Reports the steps that a process that died had no time to report; without what only it could
   * measure.
   *
   * @param run folder of the run
   * @param listener says what was reported
   * @param groups say what is lost by going on without the recording
   * @param last the last step that was taken
   * @throws ReplayException if the recording is damaged, with the way out
   */
  public static void complete(
      RunConfig config, Path run, RunListener listener, GroupLedger groups, long last) {
    long reported = listener.steps().stream().mapToLong(StepReport::step).max().orElse(0);
    Path recording = run.resolve(RunRecording.FOLDER);
    if (reported >= last || !Recording.isOne(recording)) {
      return;
    }
    DamagedRecording.orWayOut(
            recording, groups, Optional.empty(), () -> reports(config, recording, reported, last))
        .forEach(listener::stepFinished);
  }

  /** The reports of the steps after one, up to another. */
  private static List<StepReport> reports(RunConfig config, Path recording, long after, long last) {
    try (Stream<RecordedStep> steps = Recording.open(recording).steps(after)) {
      return steps
          .filter(step -> step.number() <= last)
          .map(step ->
              new StepReport(
                  step.number(),
                  RecordOnlyTrainer.metrics(
                      step.groups(), config.learner(), NodeAssembly.rewardWeights(config))))
          .toList();
    }
  }
}
