package dev.sampo.vlm.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OptimizerOpsTest {
  private final NDManager scope = Engine.getEngine("PyTorch").newBaseManager();

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void stepsFollowTheFormula() {
    var settings = new OptimizerOps.AdamW(0.1, 0.9, 0.99, 0.05, 1e-6);
    double[][] gradients = {{0.3, -2}, {0.1, 4}, {-0.7, 1}};
    NDArray weights = scope.create(new float[] {1, -3});
    weights.setRequiresGradient(true);
    NDArray mean = scope.zeros(weights.getShape());
    NDArray square = scope.zeros(weights.getShape());

    long step = 0;
    for (double[] gradient : gradients) {
      NDArray array = scope.create(new float[] {(float) gradient[0], (float) gradient[1]});
      OptimizerOps.step(
          scope,
          List.of(weights),
          List.of(array),
          List.of(mean),
          List.of(square),
          ++step,
          settings);
    }

    assertThat(weights.toFloatArray())
        .containsExactly(
            new float[] {
              reference(1, 0, gradients, settings), reference(-3, 1, gradients, settings)
            },
            offset(1e-5f));
  }

  /** Loshchilov and Hutter 2019, algorithm 2, one weight, in doubles. */
  private static float reference(
      double weight, int column, double[][] gradients, OptimizerOps.AdamW settings) {
    double mean = 0;
    double square = 0;
    double result = weight;
    for (int t = 1; t <= gradients.length; t++) {
      double g = gradients[t - 1][column];
      mean = settings.beta1() * mean + (1 - settings.beta1()) * g;
      square = settings.beta2() * square + (1 - settings.beta2()) * g * g;
      double unbiasedMean = mean / (1 - Math.pow(settings.beta1(), t));
      double unbiasedSquare = square / (1 - Math.pow(settings.beta2(), t));
      result -=
          settings.rate()
              * (unbiasedMean / (Math.sqrt(unbiasedSquare) + settings.epsilon())
                  + settings.weightDecay() * result);
    }
    return (float) result;
  }

  @Test
  void normScaleZeroAndCopyWorkOnAllArrays() {
    NDArray first = scope.create(new float[] {3, 0});
    NDArray second = scope.create(new float[][] {{0, 4}, {12, 0}});
    List<NDArray> arrays = List.of(first, second);

    assertThat(OptimizerOps.norm(scope, arrays)).isCloseTo(13, within(1e-6));

    OptimizerOps.scale(scope, arrays, 0.5);
    assertThat(second.toFloatArray()).containsExactly(0, 2, 6, 0);

    OptimizerOps.copy(scope, List.of(first), List.of(scope.create(new float[] {Float.NaN, 8})));
    assertThat(first.toFloatArray()).containsExactly(Float.NaN, 8);

    OptimizerOps.accumulate(scope, List.of(first), List.of(scope.create(new float[] {1, 2})));
    assertThat(first.toFloatArray()).containsExactly(Float.NaN, 10);

    OptimizerOps.zero(scope, arrays);
    assertThat(first.toFloatArray()).containsExactly(0, 0);
    assertThat(OptimizerOps.norm(scope, arrays)).isZero();
  }

  @Test
  void theNormOfHugeAndOfManySmallNumbersIsExact() {
    float[] many = new float[3_000_000];
    Arrays.fill(many, 1e-4f);
    many[0] = 4096;

    assertThat(OptimizerOps.norm(scope, List.of(scope.create(new float[] {3e30f, 4e30f}))))
        .isCloseTo(5e30, withinPercentage(1e-4));
    assertThat(OptimizerOps.norm(scope, List.of(scope.create(many))))
        .isCloseTo(Math.sqrt(4096.0 * 4096 + 2_999_999 * 1e-8), withinPercentage(1e-9));
  }

  @Test
  void aBlendLiesBetweenItsArrays() {
    NDArray target = scope.create(new float[] {1, -2});
    List<NDArray> source = List.of(scope.create(new float[] {3, 0.1f}));

    OptimizerOps.blend(scope, List.of(target), source, 0.25);
    assertThat(target.toFloatArray()).containsExactly(new float[] {1.5f, -1.475f}, offset(1e-6f));

    OptimizerOps.blend(scope, List.of(target), source, 1);
    assertThat(target.toFloatArray()).containsExactly(3, 0.1f);
  }
}
