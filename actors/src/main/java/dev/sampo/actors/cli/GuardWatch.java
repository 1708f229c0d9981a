package dev.sampo.actors.cli;

import dev.sampo.actors.StepReport;
import dev.sampo.actors.report.RunReport;
import dev.sampo.learner.guard.GuardAction;
import dev.sampo.learner.guard.GuardSettings;
import dev.sampo.learner.guard.Guards;
import dev.sampo.learner.guard.StepMetrics;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The guards of a run without actors. There is nobody who could let a paused run go on but by
 * starting the command again, so pausing is stopping.
 */
final class GuardWatch {
  private final Guards guards;
  private final int maxSkipped;
  private final Consumer<String> notices;
  private int numSkippedInARow;
  private int numUnreported;
  private Optional<String> ending = Optional.empty();

  private GuardWatch(GuardSettings settings, List<StepReport> before, Consumer<String> notices) {
    this.guards = new Guards(settings.rules());
    this.maxSkipped = settings.maxSkipped();
    this.notices = notices;
    for (StepReport step : before) {
      guards.check(step.step(), step.metrics());
      numSkippedInARow = step.metrics().containsKey("grad_norm") ? 0 : numSkippedInARow + 1;
    }
  }

  /**
   * Guards as they were left.
   *
   * @param report has the steps so far, and is told of what the guards see, as is {@code out}
   */
  static GuardWatch of(GuardSettings settings, RunReport report, PrintWriter out) {
    return new GuardWatch(
        settings,
        report.steps(),
        line -> {
          report.noticed(line);
          out.println(line);
        });
  }

  /**
   * Looks at a step that was taken.
   *
   * @return what is to be reported of it: the same with what the guards add
   */
  StepReport taken(StepReport measured) {
    StepReport step = measured.with(StepMetrics.SKIPPED, numUnreported);
    numUnreported = 0;
    numSkippedInARow = 0;
    return check(step);
  }

  /** Passes a line on to whoever runs this. */
  void noticed(String line) {
    notices.accept(line);
  }

  /** Counts a step that was left out and is not reported itself. */
  void skipped(long step, String reason) {
    numUnreported++;
    count(step, reason);
  }

  /** As {@link #taken}, of a step that was left out and is reported. */
  StepReport skipped(StepReport measured, String reason) {
    count(measured.step(), reason);
    return check(measured.with(StepMetrics.SKIPPED, 1));
  }

  private StepReport check(StepReport step) {
    List<Guards.Firing> firings = guards.check(step.step(), step.metrics());
    for (Guards.Firing firing : firings) {
      notices.accept(firing.line());
      if (firing.rule().action() != GuardAction.WARN) {
        ending = Optional.of(firing.line());
      }
    }
    return guards.isEmpty() ? step : step.with(StepMetrics.FIRED, firings.size());
  }

  private void count(long step, String reason) {
    numSkippedInARow++;
    notices.accept("step " + step + " was left out: " + reason);
    if (numSkippedInARow > maxSkipped) {
      ending =
          Optional.of(
              "%d steps in a row were not finite, the last: %s"
                  .formatted(numSkippedInARow, reason));
    }
  }

  /**
   * Ends the command if the run has to end.
   *
   * @param checkpoints where the run has saved what it came to
   */
  void requireNoEnding(Path checkpoints) {
    if (ending.isPresent()) {
      throw new CommandFailedException(
          "stopped: %s; the newest checkpoint in %s has what it came to"
              .formatted(ending.get(), checkpoints));
    }
  }

  /** Why the run has to end; empty while it need not. */
  Optional<String> ending() {
    return ending;
  }
}
