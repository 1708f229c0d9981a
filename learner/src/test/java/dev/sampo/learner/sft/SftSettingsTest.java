package dev.sampo.learner.sft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.sampo.learner.optimizer.LearningRateSchedule;
import dev.sampo.learner.optimizer.ScheduleShape;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class SftSettingsTest {
  /** Of 40 steps 30 warm up; a decay from step 14 on has to wait. */
  @Test
  void theDecayBeginsWhereALongWarmUpEnds() {
    LearningRateSchedule rates = settings(40, 30).learningRates();

    assertThat(rates.at(29)).isEqualTo(1);
    assertThat(rates.at(30)).isEqualTo(1);
    assertThat(rates.at(31)).isCloseTo(0.9, within(1e-12));
    assertThat(rates.at(39)).isCloseTo(0.1, within(1e-12));
  }

  @Test
  void theDecayBeginsAtItsShareAfterAShortWarmUp() {
    LearningRateSchedule rates = settings(40, 3).learningRates();

    assertThat(rates.at(14)).isEqualTo(1);
    assertThat(rates.at(27)).isCloseTo(0.5, within(1e-12));
  }

  private static SftSettings settings(long steps, long warmUp) {
    SftPhase phase = new SftPhase(Path.of("rows"), Path.of("images"), "{Question}", 1, 1, steps);
    return new SftSettings(
        List.of(phase),
        1,
        ScheduleShape.LINEAR,
        warmUp,
        0,
        0.35,
        0,
        0,
        0.9,
        0.98,
        1e-8,
        1,
        100,
        false,
        100,
        1);
  }
}
