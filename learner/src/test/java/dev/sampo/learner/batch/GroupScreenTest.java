package dev.sampo.learner.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.learner.Groups;
import dev.sampo.learner.advantage.GroupFilter;
import dev.sampo.learner.objective.ObjectivePreset;
import dev.sampo.protocol.ScoredGroup;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class GroupScreenTest {
  @Test
  void aGroupIsUselessForTheReasonThatLeavesItOutOfAnUpdate() {
    GroupScreen zeroVariance =
        screen(
            new GroupFilter(
                OptionalDouble.of(0), OptionalDouble.empty(), OptionalDouble.empty(), false));
    assertThat(zeroVariance.whyUseless(group(1, 1))).contains("zero variance");
    assertThat(zeroVariance.whyUseless(group(1, Double.NaN)))
        .as("one score has no variance")
        .contains("zero variance");
    assertThat(zeroVariance.whyUseless(group(1, 0.5))).isEmpty();

    GroupScreen means =
        screen(
            new GroupFilter(
                OptionalDouble.empty(), OptionalDouble.of(0.1), OptionalDouble.of(0.9), false));
    assertThat(means.whyUseless(group(0, 0.1))).contains("mean too low");
    assertThat(means.whyUseless(group(1, 0.9))).contains("mean too high");
    assertThat(means.whyUseless(group(1, 0))).isEmpty();
  }

  @Test
  void aGroupOfMaskedCompletionsAloneIsUseless() {
    GroupScreen masking =
        screen(
            new GroupFilter(
                OptionalDouble.empty(), OptionalDouble.empty(), OptionalDouble.empty(), true));

    assertThat(masking.whyUseless(group(1, 0))).contains("truncated");
    assertThat(screen(GroupFilter.NONE).whyUseless(group(1, 1))).isEqualTo(Optional.empty());
  }

  private static GroupScreen screen(GroupFilter filter) {
    return new GroupScreen(
        ObjectivePreset.GRPO.settings().withFilter(filter).advantages(Map.of("toy", 1.0)));
  }

  /** Two completions that sampling cut off. */
  private static ScoredGroup group(double... rewards) {
    return Groups.scored(
        1,
        new int[] {1, 2},
        List.of(new int[] {3}, new int[] {4}),
        List.of(new float[1], new float[1]),
        rewards);
  }
}
