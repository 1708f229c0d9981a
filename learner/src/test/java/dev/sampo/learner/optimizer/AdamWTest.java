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
import dev.sampo.vlm.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdamWTest {
  private static final float[] MATRIX = {0.5f, -1, 2, 0.1f};
  private static final float[] BIAS = {0.3f, -0.4f};

  @TempDir private Path temp;
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
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
  void aRestoredStateGoesOnWithTheSameBits() throws IOException {
    AdamWSettings settings = new AdamWSettings(0.1, 0.9, 0.98, 1e-8, 1);
    SortedMap<String, NDArray> straight = parameters();
    SortedMap<String, NDArray> resumed = parameters();
    try (AdamW all = new AdamW(straight, settings)) {
      take(all, straight, 4);
    }

    try (AdamW first = new AdamW(resumed, settings)) {
      take(first, resumed, 2);
      SafetensorsFile.write(file(), first.state());
    }
    try (AdamW second = new AdamW(resumed, settings);
        SafetensorsFile state = SafetensorsFile.open(file())) {
      second.restore(state.tensors());
      assertThat(second.numSteps()).isEqualTo(2);
      take(second, resumed, 2);
    }

    assertThat(values(resumed, "matrix")).containsExactly(values(straight, "matrix"));
    assertThat(values(resumed, "bias")).containsExactly(values(straight, "bias"));
  }

  @Test
  void aStateOfOtherParametersIsRefused() throws IOException {
    AdamWSettings settings = new AdamWSettings(0.1, 0.9, 0.98, 1e-8, 1);
    SortedMap<String, NDArray> fewer = parameters();
    fewer.remove("bias");
    SortedMap<String, NDArray> wider = parameters();
    wider.put("bias", manager.create(new float[] {1, 2, 3}));
    try (AdamW one = new AdamW(fewer, settings);
        AdamW two = new AdamW(wider, settings);
        AdamW other = new AdamW(parameters(), settings)) {
      assertRefused(one, other, "3 tensors, this model needs 5");
      assertRefused(two, other, "mean.bias of shape [3], this model needs (2)");
    }
  }

  private void assertRefused(AdamW from, AdamW to, String message) throws IOException {
    SafetensorsFile.write(file(), from.state());
    try (SafetensorsFile state = SafetensorsFile.open(file())) {
      assertThatThrownBy(() -> to.restore(state.tensors()))
          .isInstanceOf(LearnerException.class)
          .hasMessageContaining(message);
    }
  }

  @Test
  void whatIsNotTrainedCostsNeitherGradientNorMoments() {
    SortedMap<String, NDArray> parameters = parameters();
    NDArray frozen = manager.create(new float[1000]);
    try (AdamW optimizer = new AdamW(parameters, new AdamWSettings(0.1, 0.9, 0.98, 1e-8, 1))) {
      backward(optimizer, parameters, 1);

      assertThat(frozen.hasGradient()).isFalse();
      long elements =
          optimizer.state().values().stream()
              .mapToLong(tensor -> tensor.numBytes() / tensor.type().bytes())
              .sum();
      assertThat(elements).isEqualTo(2 * (MATRIX.length + BIAS.length) + 1);
    }
  }

  private Path file() {
    return temp.resolve("optimizer.safetensors");
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
          NDArray loss = parameter.square().mul(Gradients.constant(scale / 2, parameter)).sum()) {
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
