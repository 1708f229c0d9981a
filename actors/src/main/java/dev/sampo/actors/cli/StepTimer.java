package dev.sampo.actors.cli;

import dev.sampo.actors.StepReport;

/** Measures the steps of a replay: {@code time/step} is seconds since the step before. */
final class StepTimer {
  private long last = System.nanoTime();

  /** A step has ended now. */
  StepReport ended(StepReport step) {
    long now = System.nanoTime();
    StepReport timed = step.with("time/step", (now - last) / 1e9);
    last = now;
    return timed;
  }
}
