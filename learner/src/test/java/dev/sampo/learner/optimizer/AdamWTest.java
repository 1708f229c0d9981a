package dev.sampo.learner.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import dev.sampo.learner.LearnerException;
import dev.sampo.vlm.ops.Gradients;
import dev.sampo.vlm.weights.StoredTensor;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AdamWTest {
  private static final float[] MATRIX = {0.5f, -1, 2, 0.1f};
  private static final float[] BIAS = {0.3f, -0.4f};

  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void stepsFollowAlgorithm2WithoutDecayOfBiases() {
    AdamWSettings settings = new AdamWSettings(0.1, 0.9, 0.98, 1e-8, 0);
    SortedMap<String, NDArray> parameters = parameters();
    double[] matrix = doubles(MATRIX);
    double[] bias = doubles(BIAS);
    double[][] moments = new double[4][4];

    try (AdamW optimizer = new AdamW(parameters, settings)) {
      for (int step = 1; step <= 3; step++) {
        backward(optimizer, parameters, step);
        optimizer.step(0.01, optimizer.gradientNorm());
        reference(matrix, moments[0], moments[1], step, settings, 0.1);
        reference(bias, moments[2], moments[3], step, settings, 0);
      }
      assertThat(optimizer.numSteps()).isEqualTo(3);
    }

    assertThat(values(parameters, "matrix")).containsExactly(matrix, within(1e-6));
    assertThat(values(parameters, "bias")).containsExactly(bias, within(1e-6));
  }

  /** One step of Loshchilov and Hutter 2019, algorithm 2, for the loss sum(step * x^2 / 2). */
  private static void reference(
      double[] x, double[] mean, double[] square, int step, AdamWSettings s, double decay) {
    for (int i = 0; i < x.length; i++) {
      double gradient = step * x[i];
      mean[i] = s.beta1() * mean[i] + (1 - s.beta1()) * gradient;
      square[i] = s.beta2() * square[i] + (1 - s.beta2()) * gradient * gradient;
      double m = mean[i] / (1 - Math.pow(s.beta1(), step));
      double v = square[i] / (1 - Math.pow(s.beta2(), step));
      x[i] -= 0.01 * (m / (Math.sqrt(v) + s.epsilon()) + decay * x[i]);
    }
  }

  @Test
  void gradientsLongerThanTheBoundAreScaledDownToIt() {
    SortedMap<String, NDArray> parameters = parameters();
    try (AdamW optimizer = new AdamW(parameters, new AdamWSettings(0, 0.9, 0.98, 1e-8, 0.5))) {
      backward(optimizer, parameters, 1);
      double norm = optimizer.gradientNorm();

      optimizer.step(0.01, norm);

      assertThat(norm).isCloseTo(Math.sqrt(0.25 + 1 + 4 + 0.01 + 0.09 + 0.16), within(1e-6));
      assertThat(optimizer.gradientNorm()).isCloseTo(0.5, within(1e-6));
    }
  }

  @Test
  void gradientsThatAreNotFiniteAreNoticedAndZeroed() {
    SortedMap<String, NDArray> parameters = parameters();
    try (AdamW optimizer = new AdamW(parameters, new AdamWSettings(0, 0.9, 0.98, 1e-8, 1))) {
      backward(optimizer, parameters, Double.NaN);
      assertThat(optimizer.gradientNorm()).isNaN();

      optimizer.zeroGradients();

      assertThat(optimizer.gradientNorm()).isZero();
    }
  }

  @Test
  void aRestoredStateGoesOnWithTheSameBits() {
    AdamWSettings settings = new AdamWSettings(0.1, 0.9, 0.98, 1e-8, 1);
    SortedMap<String, NDArray> straight = parameters();
    SortedMap<String, NDArray> resumed = parameters();
    try (AdamW all = new AdamW(straight, settings)) {
      take(all, straight, 4);
    }

    SortedMap<String, StoredTensor> state;
    try (AdamW first = new AdamW(resumed, settings)) {
      take(first, resumed, 2);
      state = first.state();
    }
    try (AdamW second = new AdamW(resumed, settings)) {
      second.restore(state, 2);
      take(second, resumed, 2);
    }

    assertThat(values(resumed, "matrix")).containsExactly(values(straight, "matrix"));
    assertThat(values(resumed, "bias")).containsExactly(values(straight, "bias"));
  }

  @Test
  void aStateOfOtherParametersIsRefused() {
    AdamWSettings settings = new AdamWSettings(0.1, 0.9, 0.98, 1e-8, 1);
    SortedMap<String, NDArray> fewer = parameters();
    fewer.remove("bias");
    try (AdamW one = new AdamW(fewer, settings);
        AdamW other = new AdamW(parameters(), settings)) {
      assertThatThrownBy(() -> other.restore(one.state(), 1))
          .isInstanceOf(LearnerException.class)
          .hasMessageContaining("2 tensors, this model needs 4");
    }
  }

  private static void take(AdamW optimizer, SortedMap<String, NDArray> parameters, int steps) {
    for (int i = 0; i < steps; i++) {
      backward(optimizer, parameters, 1);
      optimizer.step(0.01, optimizer.gradientNorm());
    }
  }

  /** The loss sum(scale * x^2 / 2) over all parameters. */
  private static void backward(
      AdamW optimizer, SortedMap<String, NDArray> parameters, double scale) {
    optimizer.zeroGradients();
    for (NDArray parameter : parameters.values()) {
      try (GradientCollector collector = Gradients.collect();
          NDArray loss = parameter.square().mul(scale / 2).sum()) {
        collector.backward(loss);
      }
    }
  }

  private SortedMap<String, NDArray> parameters() {
    SortedMap<String, NDArray> parameters = new TreeMap<>();
    parameters.put("matrix", manager.create(MATRIX.clone(), new Shape(2, 2)));
    parameters.put("bias", manager.create(BIAS.clone()));
    return parameters;
  }

  private static double[] values(SortedMap<String, NDArray> parameters, String name) {
    NDArray array = parameters.get(name);
    return array == null ? new double[0] : doubles(array.toFloatArray());
  }

  private static double[] doubles(float[] values) {
    double[] result = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = values[i];
    }
    return result;
  }
}
