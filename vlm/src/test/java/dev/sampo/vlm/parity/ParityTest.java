package dev.sampo.vlm.parity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.vlm.Goldens;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** This project computes what reference implementations compute, on the recorded checkpoints. */
class ParityTest {
  static Stream<Goldens> goldens() {
    return Goldens.all();
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void pixelsTokenIdsAndPositionsAgree(Goldens goldens) throws IOException {
    assertAgrees(new PromptComparison(), goldens);
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void imageFeaturesAgree(Goldens goldens) throws IOException {
    assertAgrees(new VisionComparison(), goldens);
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void logitsOfPrefillAndDecodeAgree(Goldens goldens) throws IOException {
    assertAgrees(new LogitsComparison(), goldens);
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void greedyTokensAgreeAloneAndInABatch(Goldens goldens) throws IOException {
    assertAgrees(new GreedyComparison(), goldens);
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void logProbsAndEntropiesOfATreeAgree(Goldens goldens) throws IOException {
    assertAgrees(new ScoreComparison(), goldens);
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void lossAndGradientsOfATreeAgree(Goldens goldens) throws IOException {
    assertAgrees(new GradientComparison(), goldens);
  }

  static Stream<Goldens> goldensWithAdapters() {
    return goldens().filter(goldens -> !goldens.lora().isMissingNode());
  }

  @ParameterizedTest
  @MethodSource("goldensWithAdapters")
  void adaptersThatPeftWroteAgree(Goldens goldens) throws IOException {
    assertAgrees(new AdapterComparison(), goldens);
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void bfloat16IsAsCloseToFloat32AsTheReferenceIs(Goldens goldens) throws IOException {
    assertAgrees(new Bfloat16Comparison(), goldens);
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void savedCheckpointsHoldWhatWasLoaded(Goldens goldens) throws IOException {
    assertAgrees(new SavedComparison(), goldens);
  }

  private static void assertAgrees(Comparison comparison, Goldens goldens) throws IOException {
    Report report = new Report();
    comparison.run(goldens, report);
    assertThat(report.misses()).isEmpty();
    assertThat(report.lines()).isNotEmpty();
  }
}
