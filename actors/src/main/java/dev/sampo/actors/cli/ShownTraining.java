package dev.sampo.actors.cli;

import dev.sampo.actors.RunListener;
import dev.sampo.actors.StepReport;
import dev.sampo.actors.report.RunReport;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A training as its report has it and as its user sees it. Safe for several threads. */
final class ShownTraining implements RunListener, AutoCloseable {
  private final RunReport report;
  private final long taken;
  private final long total;
  private final PrintWriter out;
  private Optional<CommandProgress> progress = Optional.empty();
  private Instant begin = Instant.now();

  /**
   * Nothing is shown yet.
   *
   * @param taken steps that were taken before
   * @param total steps of the run
   */
  ShownTraining(RunReport report, long taken, long total, PrintWriter out) {
    this.report = report;
    this.taken = taken;
    this.total = total;
    this.out = out;
  }

  /** The time counts from now. */
  synchronized void begin() {
    begin = Instant.now();
    progress = Optional.of(new CommandProgress("training", taken, total, out));
  }

  /** How long it has taken so far. */
  synchronized Duration duration() {
    return Duration.between(begin, Instant.now());
  }

  private synchronized void show(long step, String note) {
    progress.ifPresent(shown -> shown.to(step, note));
  }

  @Override
  public void stepFinished(StepReport step) {
    report.stepFinished(step);
    double reward = step.metrics().getOrDefault("reward", Double.NaN);
    show(step.step(), String.format(Locale.ROOT, "reward %.2f", reward));
  }

  @Override
  public void retaking(long step) {
    show(step, "taken again");
  }

  @Override
  public void stepRetaken(StepReport step) {
    report.stepRetaken(step);
  }

  @Override
  public List<StepReport> steps() {
    return report.steps();
  }

  @Override
  public void force() {
    report.force();
  }

  @Override
  public void groupSetAside(String reason) {
    report.groupSetAside(reason);
  }

  @Override
  public void noticed(String line) {
    report.noticed(line);
    out.println(line);
  }

  @Override
  public void paused(Optional<String> reason) {
    report.paused(reason);
    out.println(
        reason
            .map(text -> "paused, a checkpoint follows; 'sampo resume' goes on: " + text)
            .orElse("going on"));
  }

  @Override
  public synchronized void close() {
    progress.ifPresent(CommandProgress::close);
  }
}
