package dev.sampo.vlm.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SamplingOpsTest {
  /** Probabilities 0.1, 0.4, 0.2, 0.3. */
  private static final double[] PROBABILITIES = {0.1, 0.4, 0.2, 0.3};

  private final NDManager scope = Engine.getEngine("PyTorch").newBaseManager();

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void uniformNumbersMapToTokensByCumulativeProbability() {
    assertThat(tokens(1, 0, 1, 0, 0.09, 0.11, 0.49, 0.51, 0.69, 0.71, 0.999_999))
        .containsExactly(0, 0, 1, 1, 2, 2, 3, 3);
  }

  @Test
  void filtersKeepTheMostLikely() {
    // The two most likely, renormalised: 4/7 and 3/7.
    assertThat(tokens(1, 2, 1, 0, 0.56, 0.58, 0.999_999)).containsExactly(1, 1, 3, 3);
    // 0.4 + 0.3 + 0.2 is the smallest set that holds 0.75.
    assertThat(tokens(1, 0, 0.75, 0, 0.43, 0.45, 0.66, 0.67, 0.999_999))
        .containsExactly(1, 1, 2, 2, 3, 3);
    // A set that holds the mass exactly takes no further token.
    assertThat(tokens(1, 0, 0.35, 0, 0.999_999)).containsExactly(1, 1);
  }

  @Test
  void temperatureSharpensAndZeroTakesTheMostLikely() {
    // Squares of the probabilities over 0.3: 1/30, 16/30, 4/30, 9/30.
    assertThat(tokens(0.5, 0, 1, 0.03, 0.04, 0.56, 0.57, 0.69, 0.71))
        .containsExactly(0, 1, 1, 2, 2, 3);
    assertThat(tokens(0, 0, 1, 0, 0.999)).containsExactly(1, 1);
  }

  @Test
  void logProbsAreThoseOfTheTemperedDistributionWithoutFilters() {
    assertThat(logProb(1, 1, 0.1)).isCloseTo((float) Math.log(0.4), within(1e-6f));
    assertThat(logProb(0.5, 1, 0.1)).isCloseTo((float) Math.log(16 / 30.0), within(1e-6f));
    assertThat(logProb(0, 0, 0.1)).isCloseTo((float) Math.log(0.4), within(1e-6f));
  }

  private float logProb(double temperature, int topK, double uniform) {
    return draw(temperature, topK, 1, uniform).logProbs().getFloat(0);
  }

  private int[] tokens(double temperature, int topK, double topP, double... uniforms) {
    return Arrays.stream(draw(temperature, topK, topP, uniforms).tokens().toLongArray())
        .mapToInt(Math::toIntExact)
        .toArray();
  }

  private SamplingOps.Draw draw(double temperature, int topK, double topP, double... uniforms) {
    var logits = new float[uniforms.length][PROBABILITIES.length];
    for (float[] row : logits) {
      for (int i = 0; i < row.length; i++) {
        row[i] = (float) Math.log(PROBABILITIES[i]) + 3;
      }
    }
    return SamplingOps.sample(
        scope, scope.create(logits), temperature, topK, topP, scope.create(uniforms));
  }
}
