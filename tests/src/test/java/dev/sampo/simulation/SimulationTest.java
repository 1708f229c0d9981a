package dev.sampo.simulation;

import static org.assertj.core.api.Assertions.fail;

import org.junit.jupiter.api.Test;

class SimulationTest {
  private static final int SEEDS = Integer.getInteger("simulation.seeds", 300);
  private static final long FROM = Long.getLong("simulation.from", 0);

  @Test
  void noSeedBreaksARule() {
    long start = System.nanoTime();
    long tasks = 0;
    for (long seed = FROM; seed < FROM + SEEDS; seed++) {
      SimulatedRun.Result result = new SimulatedRun(Scenario.of(seed), Breakage.NONE).run();
      tasks += result.tasks();
      if (result.violation().isPresent()) {
        fail(result.report());
      }
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    System.out.printf(
        "%d seeds, %d turns in %.1f s: %.1f ms a seed%n",
        SEEDS, tasks, seconds, seconds * 1e3 / SEEDS);
  }
}
