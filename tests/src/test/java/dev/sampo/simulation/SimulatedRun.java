package dev.sampo.simulation;

import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;

/** One run of the whole protocol, from a scenario and its faults. */
final class SimulatedRun {
  private static final Duration REST = Duration.ofSeconds(60);
  private static final Duration MOST_TIME_AFTER_FAULTS = Duration.ofMinutes(20);
  private static final long MOST_TASKS = 3_000_000;

  /**
   * How a run went.
   *
   * @param violation the first broken rule
   * @param digest equal for equal orders
   * @param report what failed, how to see it again and what came before; empty if nothing did
   */
  record Result(Optional<Violation> violation, long digest, String report) {}

  private final Scenario scenario;
  private final Schedule schedule;
  private final SplittableRandom random;
  private final Trace trace;
  private final Checker checker;
  private final Cluster cluster;

  SimulatedRun(Scenario scenario, Breakage breakage) {
    this.scenario = scenario;
    SimulatedSystem.get(); // the first run starts it
    this.schedule = SimulatedSystem.schedule();
    this.random = new SplittableRandom(scenario.seed() + 1);
    this.trace = new Trace(schedule);
    this.checker = new Checker(scenario, schedule, trace);
    this.cluster = new Cluster(scenario, breakage, schedule, random, checker, trace);
  }

  /** Runs to the end, or to the first broken rule. */
  Result run() {
    schedule.begin(scenario.seed());
    begin();
    Duration deadline = scenario.faultsEnd().plus(MOST_TIME_AFTER_FAULTS);
    while (!cluster.learning().isFinished() && checker.violation().isEmpty()) {
      if (!schedule.step()
          || schedule.elapsed().compareTo(deadline) > 0
          || schedule.tasksDone() > MOST_TASKS) {
        checker.broken("the run ends: after " + schedule.elapsed() + " it is at " + checker);
      }
    }
    rest();
    if (schedule.intruder() != null) {
      checker.broken("one thread runs everything, not " + schedule.intruder());
    }
    Result result = result();
    cluster.stop();
    return result;
  }

  private void rest() {
    Duration until = schedule.elapsed().plus(REST);
    while (checker.violation().isEmpty() && schedule.elapsed().compareTo(until) < 0) {
      schedule.step();
    }
    if (checker.violation().isEmpty()) {
      checker.finished();
    }
  }

  private Result result() {
    String report =
        checker
            .violation()
            .map(violation ->
                """
                seed %d breaks a rule: %s
                again: mvn -pl tests -am test -Dtest=SimulationTest#noOrderOfEventsBreaksARule -Dsurefire.failIfNoSpecifiedTests=false -Dsampo.simulation.from=%d -Dsampo.simulation.seeds=1
                schedule %016x, %d turns, %s
                %s
                %s\
                """
                    .formatted(
                        scenario.seed(),
                        violation.getMessage(),
                        scenario.seed(),
                        schedule.digest(),
                        schedule.tasksDone(),
                        scenario,
                        checker,
                        trace))
            .orElse("");
    return new Result(checker.violation(), schedule.digest(), report);
  }

  private void begin() {
    cluster.begin();
    if (!scenario.isCalm()) {
      new Faults(scenario, schedule, random, trace, cluster).plan();
      if (random.nextBoolean()) {
        cluster.haunt();
      }
    }
  }
}
