package dev.sampo.actors.engine;

import dev.sampo.actors.RunListener;
import dev.sampo.actors.StepReport;
import dev.sampo.config.RunConfig;
import dev.sampo.protocol.log.RecordedStep;
import dev.sampo.protocol.log.Recording;
import java.nio.file.Path;
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
   * @param last the last step that was taken
   * @throws dev.sampo.protocol.log.RecordingException if the recording is damaged
   */
  public static void complete(RunConfig config, Path run, RunListener listener, long last) {
    long reported = listener.steps().stream().mapToLong(StepReport::step).max().orElse(0);
    Path recording = run.resolve(RunRecording.FOLDER);
    if (reported >= last || !Recording.isOne(recording)) {
      return;
    }
    try (Stream<RecordedStep> steps = Recording.open(recording).steps(reported)) {
      steps
          .filter(step -> step.number() <= last)
          .forEach(step ->
              listener.stepFinished(
                  new StepReport(
                      step.number(),
                      RecordOnlyTrainer.metrics(
                          step.groups(), config.learner(), NodeAssembly.rewardWeights(config)))));
    }
  }
}
