package dev.sampo.actors.node;

import dev.sampo.actors.RunListener;
import dev.sampo.actors.StepReport;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Keeps what a run reports. */
final class RunWatcher implements RunListener {
  final List<StepReport> steps = new CopyOnWriteArrayList<>();
  final List<String> setAside = new CopyOnWriteArrayList<>();
  final List<String> notices = new CopyOnWriteArrayList<>();
  final BlockingQueue<Optional<String>> pauses = new LinkedBlockingQueue<>();
  private final BlockingQueue<StepReport> news = new LinkedBlockingQueue<>();

  @Override
  public void stepFinished(StepReport report) {
    steps.add(report);
    news.add(report);
  }

  @Override
  public void groupSetAside(String reason) {
    setAside.add(reason);
  }

  @Override
  public void noticed(String line) {
    notices.add(line);
  }

  @Override
  public void paused(Optional<String> reason) {
    pauses.add(reason);
  }

  void awaitStep(long step) throws InterruptedException {
    StepReport report = news.poll(60, TimeUnit.SECONDS);
    while (report != null && report.step() < step) {
      report = news.poll(60, TimeUnit.SECONDS);
    }
    if (report == null) {
      throw new AssertionError("step " + step + " was not taken within a minute");
    }
  }
}
