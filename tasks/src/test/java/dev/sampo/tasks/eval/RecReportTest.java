package dev.sampo.tasks.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.sampo.protocol.ImageGrid;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.Prompt;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class RecReportTest {
  private static final List<ImageGrid> GRIDS = List.of(new ImageGrid(1, 6, 6, OptionalInt.of(14)));

  @Test
  void meansAndStandardErrorsCountPrompts() {
    RecReport report =
        RecReport.of(
            List.of(
                List.of(new RecVerdict(1, true)),
                List.of(new RecVerdict(0.5, true)),
                List.of(new RecVerdict(0, false))));

    assertThat(report.numPrompts()).isEqualTo(3);
    assertThat(report.iou().mean()).isCloseTo(0.5, within(1e-12));
    assertThat(report.iou().standardError()).isCloseTo(0.5 / Math.sqrt(3), within(1e-12));
    assertThat(report.accuracy().mean()).as("one half is no hit").isCloseTo(1 / 3.0, within(1e-12));
    assertThat(report.format().mean()).isCloseTo(2 / 3.0, within(1e-12));
  }

  @Test
  void severalAnswersToOnePromptDoNotMakeTheResultSurer() {
    List<List<RecVerdict>> once =
        List.of(List.of(new RecVerdict(1, true)), List.of(new RecVerdict(0, true)));
    List<List<RecVerdict>> twice =
        List.of(
            List.of(new RecVerdict(1, true), new RecVerdict(1, true)),
            List.of(new RecVerdict(0, true), new RecVerdict(0, true)));

    assertThat(RecReport.of(twice)).isEqualTo(RecReport.of(once));
  }

  @Test
  void nothingToReportIsRefused() {
    assertThatThrownBy(() -> RecReport.of(List.of())).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RecReport.of(List.of(List.of())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a prompt has at least 1 answer");
  }

  @Test
  void anAnswerIsJudgedInTheFrameTheModelSaw() {
    String answer = "<think>t</think><answer>{\"bbox\":[0,0,42,42]}</answer>";

    assertThat(RecVerdict.of(prompt("<answer> [0, 0, 80, 80] </answer>"), GRIDS, answer))
        .hasValue(new RecVerdict(1, true)); // 84 pixels seen, 160 in the file
    assertThat(RecVerdict.of(prompt("<answer> [0, 0, 80, 80] </answer>"), GRIDS, "no idea"))
        .hasValue(new RecVerdict(0, false));
    assertThat(RecVerdict.of(prompt("<answer> a cat </answer>"), GRIDS, answer)).isEmpty();
  }

  private static Prompt prompt(String solution) {
    ImageRef image = new ImageRef("0".repeat(64), 160, 160, 1);
    return new Prompt("a:1", "rec", "where?", List.of(image), solution, Map.of());
  }
}
