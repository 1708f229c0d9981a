package dev.sampo.learner.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class GuardsTest {
  private static GuardRule below(String metric, double bound, int steps) {
    return new GuardRule(metric, Optional.of(bound), Optional.empty(), steps, GuardAction.PAUSE);
  }

  private static GuardRule above(String metric, double bound, int steps) {
    return new GuardRule(metric, Optional.empty(), Optional.of(bound), steps, GuardAction.STOP);
  }

  /** The steps, from 1, at which a rule over the entropy fires. */
  private static List<Long> fired(GuardRule rule, double... values) {
    Guards guards = new Guards(List.of(rule));
    List<Long> steps = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      guards.check(i + 1, Map.of("entropy", values[i])).forEach(firing -> steps.add(firing.step()));
    }
    return steps;
  }

  @Test
  void aRuleFiresWhenItHasHeldForItsSteps() {
    assertThat(fired(below("entropy", 0.1, 3), 0.05, 0.05, 0.05, 0.2)).containsExactly(3L);
    assertThat(fired(above("entropy", 0.1, 1), 0.05, 0.2)).containsExactly(2L);
  }

  @Test
  void aStepOnWhichItDoesNotHoldBreaksTheRow() {
    assertThat(fired(below("entropy", 0.1, 3), 0.05, 0.05, 0.2, 0.05, 0.05)).isEmpty();
  }

  @Test
  void theBoundItselfIsAllowed() {
    assertThat(fired(below("entropy", 0.1, 1), 0.1)).isEmpty();
    assertThat(fired(above("entropy", 0.1, 1), 0.1)).isEmpty();
  }

  @Test
  void aRuleThatGoesOnHoldingFiresAgain() {
    assertThat(fired(below("entropy", 0.1, 2), 0, 0, 0, 0, 0)).containsExactly(2L, 4L);
  }

  @Test
  void aStepWithoutTheMetricSaysNothing() {
    Guards guards = new Guards(List.of(below("entropy", 0.1, 2)));

    assertThat(guards.check(1, Map.of("entropy", 0.0))).isEmpty();
    assertThat(guards.check(2, Map.of("loss", 0.0))).isEmpty();
    assertThat(guards.check(3, Map.of("entropy", Double.NaN))).isEmpty();
    assertThat(guards.check(4, Map.of("entropy", 0.0))).hasSize(1);
  }

  @Test
  void everyRuleCountsForItself() {
    Guards guards = new Guards(List.of(below("entropy", 0.1, 1), above("rewards/iou/mean", 1, 2)));
    Map<String, Double> step = Map.of("entropy", 0.03125, "rewards/iou/mean", 2.0);

    assertThat(guards.check(7, step).stream().map(Guards.Firing::line))
        .containsExactly("guard: entropy below 0.1 for 1 step, 0.03125 at step 7");
    assertThat(guards.check(8, step).stream().map(Guards.Firing::line))
        .containsExactly(
            "guard: entropy below 0.1 for 1 step, 0.03125 at step 8",
            "guard: rewards/iou/mean above 1.0 for 2 steps in a row, 2.000 at step 8");
  }

  @Test
  void whatIsNoRuleIsRefused() {
    assertThatThrownBy(() -> below("entrpy", 0.1, 1))
        .hasMessage("metric must be one that docs/algorithms.md lists, got \"entrpy\"");
    assertThatThrownBy(() -> below("entropy", 0.1, 0)).hasMessage("steps must be >= 1, got 0");
    assertThatThrownBy(
            () -> new GuardRule("kl", Optional.empty(), Optional.empty(), 1, GuardAction.WARN))
        .hasMessage("a rule has either below or above, that of kl has none");
    assertThatThrownBy(
            () -> new GuardRule("kl", Optional.of(1.0), Optional.of(2.0), 1, GuardAction.WARN))
        .hasMessage("a rule has either below or above, that of kl has both");
  }

  /**
   * What rules may name is what the tables say: a name in the first column, a row for every name.
   */
  @Test
  void theMetricsAreThoseOfTheDocumentation() throws IOException {
    String text = Files.readString(Path.of("../docs/algorithms.md"));
    String tables = text.substring(text.indexOf("## Metrics"), text.indexOf("## Guards"));

    Set<String> named =
        Pattern.compile("^\\|(.*?)\\|", Pattern.MULTILINE)
            .matcher(tables)
            .results()
            .flatMap(row -> Pattern.compile("`(.+?)`").matcher(row.group(1)).results())
            .map(name -> name.group(1).replace("<name>", "iou"))
            .collect(Collectors.toSet());

    assertThat(named).hasSizeGreaterThan(40).allMatch(StepMetrics::isOne);
    assertThat(named).containsAll(StepMetrics.names());
  }
}
