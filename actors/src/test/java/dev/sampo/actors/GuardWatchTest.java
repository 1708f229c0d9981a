package dev.sampo.actors;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.learner.guard.GuardAction;
import dev.sampo.learner.guard.GuardRule;
import dev.sampo.learner.guard.GuardSettings;
import dev.sampo.learner.guard.StepMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class GuardWatchTest {
  private final List<String> notices = new ArrayList<>();

  @Test
  void aRunThatGoesOnCountsTheStepsThatWereLeftOutBefore() {
    GuardWatch first = watch(List.of(), 2);
    List<StepReport> reported =
        List.of(
            first.taken(taken(1)),
            first.skipped(new StepReport(2, Map.of()), "nan"),
            first.skipped(new StepReport(3, Map.of(StepMetrics.GRADIENT_NORM, Double.NaN)), "nan"));
    assertThat(first.stop()).isEmpty();

    GuardWatch second = watch(reported, 2);
    second.skipped(new StepReport(4, Map.of()), "inf");

    assertThat(second.stop()).contains("3 steps in a row were not finite, the last: inf");
    assertThat(second.ending()).isEqualTo(second.stop());
  }

  @Test
  void whatWasLeftOutWithoutAReportIsInTheNextOneAlsoAfterTheRunWasLeft() {
    GuardWatch watch = watch(List.of(taken(1)), 3);
    watch.goOnAfter(2);
    watch.skipped(2, "nan");

    assertThat(watch.taken(taken(2)).metrics()).containsEntry(StepMetrics.SKIPPED, 3.0);
    assertThat(watch.taken(taken(3)).metrics()).containsEntry(StepMetrics.SKIPPED, 0.0);
    assertThat(watch.stop()).isEmpty();
  }

  @Test
  void aStepThatIsTakenEndsTheRow() {
    GuardWatch watch = watch(List.of(), 1);
    for (int step = 1; step < 6; step += 2) {
      watch.skipped(step, "nan");
      watch.taken(taken(step));
    }

    assertThat(watch.stop()).isEmpty();
  }

  @Test
  void aGuardThatPausesDoesSoForItsStepAlone() {
    GuardRule low =
        new GuardRule("entropy", Optional.of(0.1), Optional.empty(), 2, GuardAction.PAUSE);
    GuardWatch watch =
        new GuardWatch(
            new GuardSettings(List.of(low), 0, 0), List.of(entropy(1, 0.01)), notices::add);

    assertThat(watch.taken(entropy(2, 0.01)).metrics()).containsEntry(StepMetrics.FIRED, 1.0);
    assertThat(notices).containsExactly(watch.pause().orElseThrow());
    assertThat(watch.ending()).isEqualTo(watch.pause());
    assertThat(watch.stop()).isEmpty();
    watch.taken(entropy(3, 0.2));

    assertThat(watch.pause()).isEmpty();
  }

  private GuardWatch watch(List<StepReport> before, int maxSkipped) {
    return new GuardWatch(new GuardSettings(List.of(), maxSkipped, 0), before, notices::add);
  }

  private static StepReport taken(long step) {
    return new StepReport(step, Map.of(StepMetrics.GRADIENT_NORM, 1.0));
  }

  private static StepReport entropy(long step, double value) {
    return taken(step).with("entropy", value);
  }
}
