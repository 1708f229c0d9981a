package dev.sampo.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SentBackTest {
  @Test
  void lengthsCountEveryCompletionAndCancelledGroupsWithWhatTheyHad() {
    SentBack finished = new SentBack(1, List.of(3.0, 40.0));

    assertThat(finished.plus(SentBack.cancelled(60, 3)).metrics())
        .isEqualTo(
            Map.of(
                "staleness/returned_groups", 2.0,
                "staleness/returned_length_mean", 103.0 / 5,
                "staleness/returned_length_min", 3.0,
                "staleness/returned_length_max", 40.0));
    assertThat(SentBack.NONE.metrics()).isEqualTo(Map.of("staleness/returned_groups", 0.0));
  }
}
