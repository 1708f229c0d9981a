package dev.sampo.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class UniformsTest {

  /** Recorded runs are repeated from their seeds: these numbers may never change. */
  @Test
  void numbersAreThoseOfEveryEarlierRun() {
    assertThat(Uniforms.at(0, 0, 0)).isEqualTo(0.13870941014555427);
    assertThat(Uniforms.at(42, 7, 25)).isEqualTo(0.7011933394096879);
    assertThat(Uniforms.at(-1L, 3, 1000)).isEqualTo(0.9327327137581506);
    assertThat(Uniforms.seed(42, 7)).isEqualTo(-4893543810735773810L);
  }

  @Test
  void everyCoordinateIsUniformByItself() {
    int n = 100_000;

    assertIsUniform(IntStream.range(0, n).mapToDouble(i -> Uniforms.at(i, 0, 0)).toArray());
    assertIsUniform(IntStream.range(0, n).mapToDouble(i -> Uniforms.at(5, i, 0)).toArray());
    assertIsUniform(IntStream.range(0, n).mapToDouble(i -> Uniforms.at(5, 0, i)).toArray());
  }

  @Test
  void neighboursAreNotCorrelated() {
    int n = 100_000;
    double sum = 0;
    for (int i = 0; i < n; i++) {
      double here = Uniforms.at(9, i, 3) - 0.5;
      sum += here * (Uniforms.at(9, i, 4) + Uniforms.at(9, i + 1, 3) + Uniforms.at(10, i, 3) - 1.5);
    }

    // Each product has mean 0 and variance 1/144.
    assertThat(Math.abs(sum / n)).isLessThan(5 * Math.sqrt(3.0 / 144 / n));
  }

  /** Chi-square over 100 bins; 160 is beyond the 0.9999 quantile for 99 degrees of freedom. */
  private static void assertIsUniform(double[] numbers) {
    int[] bins = new int[100];
    for (double number : numbers) {
      assertThat(number).isBetween(0.0, Math.nextDown(1.0));
      bins[(int) (number * bins.length)]++;
    }
    double expected = (double) numbers.length / bins.length;
    double chiSquare = 0;
    for (int count : bins) {
      chiSquare += (count - expected) * (count - expected) / expected;
    }
    assertThat(chiSquare).isLessThan(160);
  }
}
