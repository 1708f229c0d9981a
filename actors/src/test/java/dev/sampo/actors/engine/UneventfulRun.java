package dev.sampo.actors.engine;

import dev.sampo.actors.RunListener;
import dev.sampo.actors.StepReport;
import java.util.Optional;

/** Expects to be told of nothing; what a test expects it overrides. */
class UneventfulRun implements RunListener {
  @Override
  public void stepFinished(StepReport report) {
    throw new AssertionError(report);
  }

  @Override
  public void stepRetaken(StepReport report) {
    throw new AssertionError(report);
  }

  @Override
  public void groupSetAside(String reason) {
    throw new AssertionError(reason);
  }

  @Override
  public void noticed(String line) {
    throw new AssertionError(line);
  }

  @Override
  public void paused(Optional<String> reason) {
    throw new AssertionError(reason.orElse(""));
  }
}
