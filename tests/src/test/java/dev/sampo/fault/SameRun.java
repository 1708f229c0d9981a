package dev.sampo.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.protocol.Completion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.log.RecordedStep;
import dev.sampo.protocol.log.Recording;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Compares two runs that have to be equal to the bit, and names the first thing that is not. */
final class SameRun {
  private SameRun() {}

  /**
   * Compares steps, what they were taken on, and the weights in the end.
   *
   * @return the steps
   */
  static List<RecordedStep> require(Path actual, Path expected) {
    List<RecordedStep> steps = steps(actual);
    List<RecordedStep> others = steps(expected);
    for (int i = 0; i < Math.min(steps.size(), others.size()); i++) {
      requireSame(steps.get(i), others.get(i));
    }
    assertThat(steps).hasSameSizeAs(others);
    requireSameEnd(actual, expected, steps.size());
    return steps;
  }

  /** Compares the weights and the state of the optimizer after the last step. */
  static void requireSameEnd(Path actual, Path expected, int steps) {
    Path weights = Path.of("checkpoints", "step-" + steps);
    for (String file : List.of("model.safetensors", "optimizer.safetensors")) {
      assertThat(actual.resolve(weights).resolve(file))
          .hasSameBinaryContentAs(expected.resolve(weights).resolve(file));
    }
  }

  private static List<RecordedStep> steps(Path run) {
    try (Stream<RecordedStep> steps = Recording.open(run.resolve("rollouts")).steps(0)) {
      return steps.toList();
    }
  }

  private static void requireSame(RecordedStep actual, RecordedStep expected) {
    String step = "step " + expected.number() + ": ";
    assertThat(actual.step().groups()).as(step + "groups").isEqualTo(expected.step().groups());
    for (int i = 0; i < expected.groups().size(); i++) {
      requireSame(step, actual.groups().get(i), expected.groups().get(i));
    }
    assertThat(actual.step()).as(step + "packing and weights").isEqualTo(expected.step());
    assertThat(actual.loss()).as(step + "loss").isEqualTo(expected.loss());
  }

  private static void requireSame(String step, ScoredGroup actual, ScoredGroup expected) {
    String group = step + "group " + expected.id().value() + ", ";
    assertThat(actual.group().seed()).as(group + "seed").isEqualTo(expected.group().seed());
    assertThat(actual.group().prompt()).as(group + "prompt").isEqualTo(expected.group().prompt());
    List<Completion> completions = expected.group().completions();
    for (int i = 0; i < completions.size(); i++) {
      assertThat(actual.group().completions().get(i))
          .as(group + "completion %d", i)
          .isEqualTo(completions.get(i));
    }
    assertThat(actual.scores()).as(group + "scores").isEqualTo(expected.scores());
  }
}
