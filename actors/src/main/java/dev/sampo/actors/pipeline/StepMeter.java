package dev.sampo.actors.pipeline;

import dev.sampo.actors.StepReport;
import dev.sampo.actors.run.SentBack;
import dev.sampo.protocol.ScoredGroup;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Measures the steps of a run, beside the trainer's own metrics:
 *
 * <ul>
 *   <li>{@code staleness/mean}, {@code staleness/max}: age of the step's groups, in optimizer steps
 *   <li>{@code staleness/tokens_mean}: mean age of their tokens
 *   <li>{@code staleness/attempts_max}: leases that the longest tried of the step's groups took
 *   <li>{@code staleness/returned_*}: groups that were sent back for their age, and their lengths
 *   <li>{@code filtered/replaced}: groups whose place others took because there was nothing to
 *       learn from them
 *   <li>{@code time/step}: seconds since the last step; {@code time/wait}: the part of it that the
 *       learner waited for a batch
 *   <li>{@code throughput/completion_tokens}: sampled tokens of the step's groups per second
 *   <li>{@code utilisation/<role>}: worker seconds of the role per second
 *   <li>what the generator of this node measured since the last step, for example {@code
 *       mismatch/*}
 * </ul>
 *
 * Used by the learner's thread only.
 */
public final class StepMeter {
  private final LongSupplier nanoTime;
  private final BusyClock learner;
  private final Supplier<Map<String, Double>> ofGenerator;
  private final SortedMap<String, BusyClock> roles;
  private final Map<String, Duration> busyBefore = new HashMap<>();
  private final Map<String, Double> ofStep = new HashMap<>();
  private SentBack sentBack = SentBack.NONE;
  private long stepStarted;

  /**
   * A meter whose first step starts now.
   *
   * @param nanoTime the time, as {@link System#nanoTime()}
   * @param learner the learner's own clock
   * @param others the clocks of the other roles on this node
   * @param ofGenerator what the generator of this node measured since the last call
   */
  public StepMeter(
      LongSupplier nanoTime,
      BusyClock learner,
      Map<String, BusyClock> others,
      Supplier<Map<String, Double>> ofGenerator) {
    this.nanoTime = nanoTime;
    this.learner = learner;
    this.ofGenerator = ofGenerator;
    this.roles = new TreeMap<>(others);
    this.roles.put("learner", learner);
    this.stepStarted = nanoTime.getAsLong();
  }

  /** Groups were sent back for their age. */
  void sentBack(SentBack groups) {
    sentBack = sentBack.plus(groups);
  }

  /**
   * A step begins.
   *
   * @param numReplaced groups that others took the place of
   */
  void batchTaken(List<ScoredGroup> groups, int numReplaced, long learnerStep) {
    LongSummaryStatistics attempts = new LongSummaryStatistics();
    LongSummaryStatistics ages = new LongSummaryStatistics();
    LongSummaryStatistics tokenAges = new LongSummaryStatistics();
    for (ScoredGroup scored : groups) {
      attempts.accept(scored.group().lease().attempt());
      ages.accept(learnerStep - scored.group().oldestStep());
      TokenAges.forEach(scored.group(), learnerStep, tokenAges);
    }
    ofStep.put("filtered/replaced", (double) numReplaced);
    ofStep.put("staleness/attempts_max", (double) attempts.getMax());
    ofStep.put("staleness/mean", ages.getAverage());
    ofStep.put("staleness/max", (double) ages.getMax());
    ofStep.put("staleness/tokens_mean", tokenAges.getAverage());
    ofStep.put("throughput/completion_tokens", (double) tokenAges.getCount());
    ofStep.put("time/wait", secondsSince(stepStarted));
  }

  void working(Runnable work) {
    working(() -> {
      work.run();
      return true;
    });
  }

  <T> T working(Supplier<T> work) {
    learner.start();
    try {
      return work.get();
    } finally {
      learner.stop();
    }
  }

  StepReport stepFinished(long step, Map<String, Double> metrics) {
    double seconds = secondsSince(stepStarted);
    ofStep.put("time/step", seconds);
    ofStep.merge("throughput/completion_tokens", seconds, (tokens, s) -> tokens / s);
    roles.forEach((role, clock) -> {
      Duration total = clock.total();
      Duration before = busyBefore.getOrDefault(role, Duration.ZERO);
      busyBefore.put(role, total);
      ofStep.put("utilisation/" + role, total.minus(before).toNanos() / 1e9 / seconds);
    });
    ofStep.putAll(sentBack.metrics());
    sentBack = SentBack.NONE;
    ofStep.putAll(ofGenerator.get());
    ofStep.putAll(metrics);
    StepReport report = new StepReport(step, ofStep);
    ofStep.clear();
    stepStarted = nanoTime.getAsLong();
    return report;
  }

  private double secondsSince(long start) {
    return (nanoTime.getAsLong() - start) / 1e9;
  }
}
