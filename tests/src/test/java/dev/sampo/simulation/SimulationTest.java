package dev.sampo.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.LongFunction;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * {@code -Dsampo.simulation.seeds} says how many runs there are, {@code -Dsampo.simulation.from}
 * the seed of the first; some 30 ms each.
 */
@ExtendWith(Silence.class)
class SimulationTest {
  private static final int SEEDS = Integer.getInteger("sampo.simulation.seeds", 2_000);
  private static final long FROM = Long.getLong("sampo.simulation.from", 0);
  private static final long MOST_SEEDS_TO_FIND = 1_000;

  @Test
  void noOrderOfEventsBreaksARule() {
    for (long seed = FROM; seed < FROM + SEEDS; seed++) {
      SimulatedRun.Result result = run(seed, Breakage.NONE);
      if (result.violation().isPresent()) {
        fail(result.report());
      }
    }
  }

  @Test
  void aSeedIsTheSameOrderEveryTime() {
    for (long seed = FROM; seed < FROM + 30; seed++) {
      SimulatedRun.Result first = run(seed, Breakage.NONE);
      SimulatedRun.Result again = run(seed, Breakage.NONE);

      assertThat(again.digest()).as("seed %d", seed).isEqualTo(first.digest());
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void aRuleThatIsBrokenOnPurposeIsFoundAndFoundAgain(Breakage breakage) {
    for (long seed = 0; seed < MOST_SEEDS_TO_FIND; seed++) {
      SimulatedRun.Result found = run(seed, breakage);
      if (found.report().contains("breaks a rule: " + breakage.rule())) {
        assertThat(run(seed, breakage).report()).isEqualTo(found.report());
        assertThat(run(seed, Breakage.NONE).report()).isEmpty();
        return;
      }
    }
    fail("not found within " + MOST_SEEDS_TO_FIND + " seeds");
  }

  @ParameterizedTest
  @EnumSource
  void aFenceThatIsTakenOutIsFound(Mutant mutant) throws Exception {
    try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
      assertThat(thread.submit(() -> firstReport(mutant)).get()).isPresent();
    }
  }

  private static Optional<String> firstReport(Mutant mutant) {
    LongFunction<String> simulation = mutant.simulation();
    return LongStream.range(0, MOST_SEEDS_TO_FIND)
        .mapToObj(simulation)
        .filter(report -> report.contains("breaks a rule: " + mutant.rule()))
        .findFirst();
  }

  private static SimulatedRun.Result run(long seed, Breakage breakage) {
    return new SimulatedRun(Scenario.of(seed), breakage).run();
  }
}
