package dev.sampo.actors.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.actors.engine.ReplayedStep;
import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.log.RecordedStep;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

/** What a replay says at its end. */
final class ReplayTallyTest {
  @Test
  void theFirstStepThatEndsInOtherBitsIsNamedAlsoAfterAnInterruption() {
    ReplayTally before = ReplayTally.of(Map.of());
    before.add(step(4, "a", "a"));
    before.add(step(5, "b", "other"));

    ReplayTally tally = ReplayTally.of(before.progress());
    tally.add(step(6, "c", "another"));

    assertThat(tally.line(true))
        .isEqualTo(
            "3 steps, 1 of them equal to the recorded bit for bit, the first that is not is step"
                + " 5");
  }

  @Test
  void aRecordingWithoutTrainingIsNotComparedWith() {
    ReplayTally tally = ReplayTally.of(Map.of());
    tally.add(step(1, "first", "trained"));

    assertThat(tally.line(false)).isEqualTo("1 steps");
  }

  private static ReplayedStep step(long number, String recorded, String replayed) {
    return new ReplayedStep(
        new RecordedStep(
            new StepCommitted(version(number, recorded), List.of(), List.of(), 0),
            OptionalDouble.empty(),
            List.of()),
        new Trainer.Update.Skipped("not finite", List.of(), Map.of()),
        version(number, replayed));
  }

  private static PolicyVersion version(long step, String weights) {
    return new PolicyVersion("run", 1, step, weights);
  }
}
