package dev.sampo.actors.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.actors.StepReport;
import dev.sampo.actors.evaluation.Comparison;
import dev.sampo.tasks.data.ImageFiles;
import java.awt.image.BufferedImage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RunReportTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  @TempDir private Path temporary;

  @Test
  void everyStepIsOneLineAndNumbersThatAreNotFiniteAreLeftOut() throws Exception {
    RunFolder folder = new RunFolder(Files.createDirectories(temporary.resolve("run")));

    try (RunReport report = new RunReport(folder, Clock.systemUTC(), 0)) {
      report.stepFinished(new StepReport(1, Map.of("reward", 0.5, "kl", Double.NaN)));
      report.stepFinished(new StepReport(2, Map.of("reward", 0.75)));
    }

    assertThat(Files.readAllLines(folder.metrics()))
        .containsExactly("{\"step\":1,\"reward\":0.5}", "{\"step\":2,\"reward\":0.75}");
    try (var events = Files.list(folder.tensorBoard())) {
      assertThat(events).hasSize(1);
    }
  }

  @Test
  void aRunThatGoesOnKeepsItsStepsAndCutsLaterAndTornLines() throws Exception {
    RunFolder folder = new RunFolder(Files.createDirectories(temporary.resolve("run")));
    Files.writeString(
        folder.metrics(),
        """
        {"step":1,"reward":0.5}
        {"step":2,"reward":0.75}
        {"step":3,"reward":0.9}
        {"step":4,"rew\
        """);

    try (RunReport report = new RunReport(folder, Clock.systemUTC(), 2)) {
      assertThat(report.steps())
          .containsExactly(
              new StepReport(1, Map.of("reward", 0.5)), new StepReport(2, Map.of("reward", 0.75)));
      report.stepFinished(new StepReport(3, Map.of("reward", 0.8)));
    }
    assertThat(Files.readAllLines(folder.metrics()))
        .containsExactly(
            "{\"step\":1,\"reward\":0.5}",
            "{\"step\":2,\"reward\":0.75}",
            "{\"step\":3,\"reward\":0.8}");

    Files.writeString(folder.metrics(), "{\"step\":4,\"rew", StandardOpenOption.APPEND);
    try (RunReport report = new RunReport(folder, Clock.systemUTC(), 9)) {
      assertThat(report.steps()).as("a torn line is no step").hasSize(3);
    }
    assertThat(Files.readString(folder.metrics())).endsWith("0.8}\n");
  }

  /** By hand, or by a disk that changes bytes. */
  @Test
  void linesThatAreDamagedOrGoneAreLeftOutAndCounted() throws Exception {
    RunFolder folder = new RunFolder(Files.createDirectories(temporary.resolve("run")));
    Files.write(
        folder.metrics(),
        """
        {"step":1,"reward":0.5}
        {"step":3,"reward":ÿ}
        {"step":4,"reward":0.9}
        {"step":6,"reward":0.9}
        """
            .getBytes(StandardCharsets.ISO_8859_1));

    try (RunReport report = new RunReport(folder, Clock.systemUTC(), 6)) {
      assertThat(report.steps()).extracting(StepReport::step).containsExactly(1L, 4L, 6L);
      assertThat(report.lost(1, 6))
          .contains(
              "%s was cut or damaged: it has no line for 3 of 6 steps, the first of them is step 2"
                  .formatted(folder.metrics()));
      assertThat(report.lost(4, 4)).isEmpty();
      assertThat(report.lost(1, 0)).isEmpty();
    }
  }

  @Test
  void aFolderThatHoldsAnythingIsRefusedAndLeftAsItIs() throws Exception {
    Path other = Files.writeString(temporary.resolve("notes.txt"), "mine");

    assertThatThrownBy(() -> RunFolder.requireFree(temporary))
        .isInstanceOf(OccupiedFolderException.class)
        .hasMessageContaining(temporary.toString())
        .hasMessageContaining("new or empty folder");
    assertThat(Files.readString(other)).isEqualTo("mine");
    assertThat(temporary).isDirectoryContaining(path -> path.equals(other));
  }

  @Test
  void theSummaryHasTheNamedFieldsAndNoOther() throws Exception {
    Comparison comparison = comparison();
    RunTotals totals =
        new RunTotals(Duration.ofMillis(61_500), Duration.ofSeconds(140), 2, 1234.5, 7);

    JsonNode summary = JSON.readTree(SummaryFile.json(comparison, totals));

    assertThat(summary.fieldNames())
        .toIterable()
        .containsExactly(
            "splits", "rl_seconds", "wall_seconds", "max_staleness", "tokens_per_second", "seed");
    assertThat(summary.at("/splits/id/before").fieldNames())
        .toIterable()
        .containsExactly("greedy_iou", "sampled_iou", "format", "n");
    assertThat(summary.at("/splits/id/after/greedy_iou").asDouble())
        .isEqualTo(
            Objects.requireNonNull(comparison.splits().get("id")).after().greedy().iou().mean(),
            within(1e-12));
    assertThat(summary.at("/splits/ood_rel/after/n").asInt()).isEqualTo(24);
    assertThat(summary.at("/rl_seconds").asDouble()).isEqualTo(61.5);
    assertThat(summary.at("/max_staleness").asLong()).isEqualTo(2);
    assertThat(summary.at("/seed").asLong()).isEqualTo(7);
  }

  @Test
  void aGainThatIsOnlyNotationIsNotCalledSeeing() {
    String findings = Findings.of(comparison());

    assertThat(findings).contains("Greedy IoU rose on ");
    double[] either = readings(findings);
    assertThat(either[1] - either[0]).as("gain where both readings count").isLessThan(0.3);
  }

  @Test
  void withoutAChangeNothingIsSaidToHaveRisen() {
    Comparison same =
        ReportFixtures.comparison(
            temporary.resolve("same"),
            new ImageFiles(),
            ReportFixtures::nearly,
            ReportFixtures::nearly);

    assertThat(Findings.of(same))
        .doesNotContain("rose")
        .doesNotContain("fell")
        .contains("Greedy IoU did not change beyond its standard error on id");
  }

  @Test
  void theTableHasEverySplitWithStandardErrors() {
    assertThat(ComparisonTable.of(comparison()).lines())
        .hasSize(7)
        .anyMatch(line -> line.matches("ood_many +24  0\\.\\d{3} ± 0\\.\\d{3} -> .*"));
  }

  @Test
  void picturesShowSomethingAndAreWrittenWhole() throws Exception {
    RunFolder folder =
        new RunFolder(
            Files.createDirectories(
                Path.of("target/report-pictures").resolve(temporary.getFileName())));
    ImageFiles images = new ImageFiles();
    Comparison comparison =
        ReportFixtures.comparison(
            temporary.resolve("data"),
            images,
            ReportFixtures::inTheWrongConvention,
            ReportFixtures::nearly);

    try (RunReport report = new RunReport(folder, Clock.systemUTC(), 0)) {
      ReportFixtures.steps(100).forEach(report::stepFinished);
      report.drawCurves("A made-up run", 2);
      report.drawScenes(comparison, images::find);
    }

    for (Path picture : List.of(folder.curves(), folder.scenes())) {
      BufferedImage drawn = ImageIO.read(picture.toFile());
      assertThat(numColours(drawn)).as("colours of " + picture).isGreaterThan(20);
    }
    assertThat(folder.path()).isDirectoryNotContaining("glob:**.partial");
  }

  private Comparison comparison() {
    return ReportFixtures.comparison(
        temporary.resolve("data"),
        new ImageFiles(),
        ReportFixtures::inTheWrongConvention,
        ReportFixtures::nearly);
  }

  /** The two means that are said to allow both readings. */
  private static double[] readings(String findings) {
    var match = Pattern.compile("the same answers go from (\\S+) to (\\S+):").matcher(findings);
    assertThat(match.find()).isTrue();
    return new double[] {Double.parseDouble(match.group(1)), Double.parseDouble(match.group(2))};
  }

  private static long numColours(BufferedImage image) {
    return Arrays.stream(
            image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth()))
        .distinct()
        .count();
  }
}
