package dev.sampo.actors;

import dev.sampo.learner.guard.GuardSettings;
import dev.sampo.learner.guard.Guards;
import dev.sampo.learner.guard.StepMetrics;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Watches over the steps of a run: what its guards make of them, and how many were left out one
 * after another. Begun with what was reported before, it goes on as it was left.
 */
public final class GuardWatch {
  private final Guards guards;
  private final int maxSkipped;
  private final Consumer<String> notices;
  private int numSkippedInARow;
  private int numUnreported; // of these, since the newest report
  private Optional<String> stop = Optional.empty();
  private Optional<String> pause = Optional.empty();

  /**
   * A watch over a run.
   *
   * @param before the steps that were reported so far, also those that were left out
   * @param notices told in one line of what the guards see and of every step that was left out
   */
  public GuardWatch(GuardSettings settings, List<StepReport> before, Consumer<String> notices) {
    this.guards = new Guards(settings.rules());
    this.maxSkipped = settings.maxSkipped();
    this.notices = notices;
    for (StepReport step : before) {
      guards.check(step.step(), step.metrics());
      numSkippedInARow = wasTaken(step) ? 0 : numSkippedInARow + 1;
    }
  }

  private static boolean wasTaken(StepReport step) {
    return Double.isFinite(step.metrics().getOrDefault(StepMetrics.GRADIENT_NORM, Double.NaN));
  }

  /**
   * Goes on after steps that were left out without being reported.
   *
   * @param numSkipped since the newest report
   */
  public void goOnAfter(int numSkipped) {
    numSkippedInARow += numSkipped;
    numUnreported += numSkipped;
  }

  /**
   * Looks at a step that was taken.
   *
   * @return what is to be reported of it: the same with what the guards add
   */
  public StepReport taken(StepReport measured) {
    StepReport step = measured.with(StepMetrics.SKIPPED, numUnreported);
    numUnreported = 0;
    numSkippedInARow = 0;
    return check(step);
  }

  /** Counts a step that was left out and is not reported itself. */
  public void skipped(long step, String reason) {
    numUnreported++;
    count(step, reason);
  }

  /** As {@link #taken}, of a step that was left out and is reported. */
  public StepReport skipped(StepReport measured, String reason) {
    count(measured.step(), reason);
    return check(measured.with(StepMetrics.SKIPPED, 1));
  }

  private StepReport check(StepReport step) {
    pause = Optional.empty();
    List<Guards.Firing> firings = guards.check(step.step(), step.metrics());
    for (Guards.Firing firing : firings) {
      notices.accept(firing.line());
      switch (firing.rule().action()) {
        case WARN -> {}
        case PAUSE -> pause = pause.or(() -> Optional.of(firing.line()));
        case STOP -> stop = stop.or(() -> Optional.of(firing.line()));
      }
    }
    return guards.isEmpty() ? step : step.with(StepMetrics.FIRED, firings.size());
  }

  private void count(long step, String reason) {
    numSkippedInARow++;
    notices.accept("step " + step + " was left out: " + reason);
    if (numSkippedInARow > maxSkipped) {
      stop =
          Optional.of(
              "%d steps in a row were not finite, the last: %s"
                  .formatted(numSkippedInARow, reason));
    }
  }

  /** Why the run has to stop; empty while it need not. */
  public Optional<String> stop() {
    return stop;
  }

  /** Why the run is to pause after the newest step. */
  public Optional<String> pause() {
    return pause;
  }

  /**
   * Why a run without actors has to end. There is nobody who could let it go on when it pauses but
   * by starting the command again, so that pausing is stopping.
   */
  public Optional<String> ending() {
    return stop.or(() -> pause);
  }
}
