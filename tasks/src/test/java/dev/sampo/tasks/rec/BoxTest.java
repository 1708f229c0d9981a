package dev.sampo.tasks.rec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.sampo.protocol.ImageGrid;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BoxTest {

  /** Expected values recorded by running the function of VLM-R1. */
  @ParameterizedTest
  @CsvSource({
    "0,0,10,10, 0,0,10,10, 1.0",
    "0,0,10,10, 5,5,15,15, 0.14285714285714285",
    "0.5,0.5,10.25,10.25, 0,0,10,10, 0.8610614192009541",
    "10,10,0,0, 0,0,10,10, 0.0",
    "0,0,10,10, 0,0,0,0, 0.0",
    "-5,-5,5,5, -5,-5,5,5, 1.0",
    "0,0,100,1.5, 0,0,100,1.5, 1.0",
  })
  void overlapIsThatOfVlmR1(
      double a, double b, double c, double d, double e, double f, double g, double h, double iou) {
    Box one = new Box(a, b, c, d);
    Box two = new Box(e, f, g, h);

    assertThat(one.iou(two)).isCloseTo(iou, within(1e-15));
    assertThat(two.iou(one)).isCloseTo(iou, within(1e-15));
  }

  @Test
  void anOverlapOfOnePixelCountsAsNone() {
    assertThat(new Box(0, 0, 10, 10).iou(new Box(9, 0, 20, 10))).isZero();
    assertThat(new Box(0, 0, 10, 10).iou(new Box(8, 0, 20, 10))).isPositive();
  }

  @Test
  void numbersWithoutBoundNeverMakeARatioThatIsNoNumber() {
    double infinite = Double.POSITIVE_INFINITY;

    assertThat(new Box(0, 0, infinite, infinite).iou(new Box(0, 0, 10, 10))).isZero();
    assertThat(new Box(0, 0, infinite, infinite).iou(new Box(0, 0, infinite, infinite))).isZero();
  }

  /** Expected values recorded by running the evaluation of VLM-R1. */
  @Test
  void aPredictionIsScaledFromTheFrameTheModelSaw() {
    ImageGrid grid = new ImageGrid(1, 34, 46, OptionalInt.of(14)); // 644 x 476 pixels

    assertThat(RecAnswer.toOriginal(new Box(10, 20, 30, 40), 640, 480, grid))
        .isEqualTo(
            new Box(9.937888198757763, 20.16806722689076, 29.81366459627329, 40.33613445378152));
    assertThat(RecAnswer.toOriginal(new Box(644, 476, 0, 0), 640, 480, grid))
        .isEqualTo(new Box(640, 480, 0, 0));
  }

  @Test
  void aPredictionInPixelsOfTheOriginalIsTakenAsItIs() {
    ImageGrid tiles = new ImageGrid(13, 32, 32, OptionalInt.empty());

    assertThat(RecAnswer.toOriginal(new Box(10, 20, 30, 40), 640, 480, tiles))
        .isEqualTo(new Box(10, 20, 30, 40));
  }

  @Test
  void patchesOfAnotherSizeScaleOtherwise() {
    ImageGrid grid = new ImageGrid(1, 10, 20, OptionalInt.of(28)); // 560 x 280 pixels

    assertThat(RecAnswer.toOriginal(new Box(56, 28, 560, 280), 1120, 140, grid))
        .isEqualTo(new Box(112, 14, 1120, 140));
  }
}
