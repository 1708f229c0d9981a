package dev.sampo.learner.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LearningRateScheduleTest {

  @Test
  void theWarmUpRisesToThePeakWithoutAStepAtZero() {
    LearningRateSchedule schedule = LearningRateSchedule.over(ScheduleShape.CONSTANT, 0.4, 4, 100);

    assertThat(schedule.at(0)).isCloseTo(0.1, within(1e-12));
    assertThat(schedule.at(3)).isCloseTo(0.4, within(1e-12));
    assertThat(schedule.at(99)).isCloseTo(0.4, within(1e-12));
  }

  @Test
  void aLineFallsToZero() {
    LearningRateSchedule schedule = LearningRateSchedule.over(ScheduleShape.LINEAR, 1, 10, 110);

    assertThat(schedule.at(10)).isEqualTo(1);
    assertThat(schedule.at(60)).isCloseTo(0.5, within(1e-12));
    assertThat(schedule.at(110)).isZero();
    assertThat(schedule.at(500)).isZero();
  }

  @Test
  void aCosineIsHalfWayDownInTheMiddle() {
    LearningRateSchedule schedule = LearningRateSchedule.over(ScheduleShape.COSINE, 1, 0, 100);

    assertThat(schedule.at(25)).isCloseTo((1 + Math.sqrt(0.5)) / 2, within(1e-12));
    assertThat(schedule.at(50)).isCloseTo(0.5, within(1e-12));
  }

  @Test
  void aLateDecayEndsAtTheFloor() {
    LearningRateSchedule schedule =
        new LearningRateSchedule(ScheduleShape.LINEAR, 1, 0, 100, 60, 0.05);

    assertThat(schedule.at(40)).isEqualTo(1);
    assertThat(schedule.at(70)).isCloseTo(0.05 + 0.95 / 2, within(1e-12));
    assertThat(schedule.at(100)).isCloseTo(0.05, within(1e-12));
  }
}
