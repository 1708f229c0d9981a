package dev.sampo.actors.node;

import dev.sampo.actors.RunListener;
import dev.sampo.actors.StepReport;
import dev.sampo.actors.pipeline.BusyClock;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** The node's metrics for Prometheus; hears of the run before the listener it wraps. */
final class NodeMetrics implements RunListener {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Map<String, Double> latest = new ConcurrentHashMap<>();
  private final AtomicLong step = new AtomicLong();
  private final AtomicReference<Optional<String>> pause = new AtomicReference<>(Optional.empty());
  private final Counter setAside;
  private final RunListener next;

  NodeMetrics(RunListener next, NodeClocks clocks) {
    this.next = next;
    this.setAside =
        Counter.builder("sampo.groups.set_aside")
            .description("groups that could not be generated or scored")
            .register(registry);
    Gauge.builder("sampo.step", step, AtomicLong::get)
        .description("optimizer steps taken")
        .register(registry);
    Gauge.builder("sampo.paused", pause, reason -> reason.get().isPresent() ? 1 : 0)
        .description("1 while the learner waits to be let go on")
        .register(registry);
    clocks.all().forEach(this::registerClock);
  }

  private void registerClock(String role, BusyClock clock) {
    FunctionCounter.builder("sampo.busy.seconds", clock, c -> c.total().toNanos() / 1e9)
        .tag("role", role)
        .description("worker seconds at work")
        .register(registry);
  }

  @Override
  public void stepFinished(StepReport report) {
    step.set(report.step());
    report.metrics().forEach(this::show);
    next.stepFinished(report);
  }

  @Override
  public void stepRetaken(StepReport report) {
    next.stepRetaken(report);
  }

  @Override
  public List<StepReport> steps() {
    return next.steps();
  }

  @Override
  public void force() {
    next.force();
  }

  private void show(String name, double value) {
    if (latest.put(name, value) == null) {
      Gauge.builder("sampo.training", latest, all -> all.getOrDefault(name, Double.NaN))
          .tag("metric", name)
          .description("the last optimizer step's metrics, as in metrics.jsonl")
          .register(registry);
    }
  }

  @Override
  public void groupSetAside(String reason) {
    setAside.increment();
    next.groupSetAside(reason);
  }

  @Override
  public void noticed(String line) {
    next.noticed(line);
  }

  @Override
  public void paused(Optional<String> reason) {
    pause.set(reason);
    next.paused(reason);
  }

  /** Why the learner of this node waits; empty while it does not. */
  Optional<String> pause() {
    return pause.get();
  }

  String scrape() {
    return registry.scrape();
  }
}
