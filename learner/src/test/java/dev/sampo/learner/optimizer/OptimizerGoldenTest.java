package dev.sampo.learner.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sampo.vlm.ops.Gradients;
import dev.sampo.vlm.weights.ElementType;
import dev.sampo.vlm.weights.SafetensorsFile;
import dev.sampo.vlm.weights.StoredTensor;
import dev.sampo.vlm.weights.TensorSource;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps and learning rates beside those of PyTorch and Transformers. */
class OptimizerGoldenTest {
  private static final JsonNode GOLDENS = read();

  @TempDir private Path temp;
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  private static JsonNode read() {
    try (InputStream file =
        Objects.requireNonNull(
            OptimizerGoldenTest.class.getResourceAsStream("/goldens/optimizer.json"))) {
      return new ObjectMapper().readTree(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "decay", "clipped", "masters"})
  void stepsAreThoseOfPyTorch(String name) {
    JsonNode golden = GOLDENS.path("cases").path(name);
    SortedMap<String, NDArray> parameters = parameters(golden);
    try (AdamW optimizer = new AdamW(parameters, settings(golden))) {
      for (JsonNode step : golden.path("steps")) {
        take(optimizer, parameters, golden, step);

        parameters.forEach((parameter, array) ->
            assertThat(values(WeightArrays.view(array, ElementType.F32)))
                .as(parameter)
                .containsExactly(floats(step.path("after").path(parameter)), within(2e-6f)));
      }
    }
  }

  @Test
  void mastersAreFloat32AndSurviveACheckpoint() throws IOException {
    JsonNode golden = GOLDENS.path("cases").path("masters");
    SortedMap<String, NDArray> parameters = parameters(golden);
    JsonNode last = golden.path("steps").path(golden.path("steps").size() - 1);
    Path file = temp.resolve("optimizer.safetensors");
    for (JsonNode step : golden.path("steps")) {
      try (AdamW optimizer = new AdamW(parameters, settings(golden))) {
        if (Files.exists(file)) {
          try (SafetensorsFile state = SafetensorsFile.open(file)) {
            optimizer.restore(state.tensors());
          }
        }
        take(optimizer, parameters, golden, step);
        SafetensorsFile.write(file, optimizer.state());
      }
    }

    try (SafetensorsFile state = SafetensorsFile.open(file)) {
      parameters.forEach((parameter, array) -> {
        TensorSource master = Objects.requireNonNull(state.tensors().get("master." + parameter));
        assertThat(values(master))
            .as(parameter)
            .containsExactly(floats(last.path("masters").path(parameter)), within(2e-6f));
      });
    }
  }

  private void take(
      AdamW optimizer, SortedMap<String, NDArray> parameters, JsonNode golden, JsonNode step) {
    optimizer.zeroGradients();
    for (JsonNode microBatch : step.path("gradients")) {
      backward(parameters, golden, microBatch);
      optimizer.accumulate();
    }
    double norm = optimizer.gradientNorm();
    assertThat(norm).isCloseTo(step.path("norm").asDouble(), within(1e-6 * norm));
    optimizer.step(step.path("learning_rate").asDouble(), norm);
  }

  /** The loss sum(parameter * gradient) of every parameter. */
  private void backward(
      SortedMap<String, NDArray> parameters, JsonNode golden, JsonNode gradients) {
    parameters.forEach((name, parameter) -> {
      try (NDManager scope = manager.newSubManager();
          GradientCollector collector = Gradients.collect()) {
        // A product with float32 is float32; its gradient becomes that of the parameter's type.
        NDArray gradient =
            array(golden, name, floats(gradients.path(name)), ElementType.F32, scope);
        NDArray loss = parameter.mul(gradient).sum();
        loss.attach(scope);
        collector.backward(loss);
      }
    });
  }

  private SortedMap<String, NDArray> parameters(JsonNode golden) {
    ElementType type = golden.path("bfloat16").asBoolean() ? ElementType.BF16 : ElementType.F32;
    SortedMap<String, NDArray> parameters = new TreeMap<>();
    golden
        .path("before")
        .properties()
        .forEach(e ->
            parameters.put(
                e.getKey(), array(golden, e.getKey(), floats(e.getValue()), type, manager)));
    return parameters;
  }

  private static NDArray array(
      JsonNode golden, String name, float[] values, ElementType type, NDManager scope) {
    List<Long> shape =
        StreamSupport.stream(golden.path("shapes").path(name).spliterator(), false)
            .map(JsonNode::asLong)
            .toList();
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    var stored = new StoredTensor(ElementType.F32, shape, MemorySegment.ofArray(bytes.array()));
    return WeightArrays.load(stored, type, scope);
  }

  private static AdamWSettings settings(JsonNode golden) {
    JsonNode node = golden.path("settings");
    return new AdamWSettings(
        node.path("weight_decay").asDouble(),
        node.path("beta1").asDouble(),
        node.path("beta2").asDouble(),
        node.path("epsilon").asDouble(),
        node.path("max_grad_norm").asDouble());
  }

  static List<JsonNode> schedules() {
    return StreamSupport.stream(GOLDENS.path("schedules").spliterator(), false).toList();
  }

  /** Transformers begins a warm-up at 0, Sampo one step further on. */
  @ParameterizedTest
  @MethodSource("schedules")
  void learningRatesAreThoseOfTransformers(JsonNode golden) {
    long warmUp = golden.path("warm_up_steps").asLong();
    long total = golden.path("total_steps").asLong();
    LearningRateSchedule schedule =
        new LearningRateSchedule(
            ScheduleShape.valueOf(golden.path("shape").asText().toUpperCase(Locale.ROOT)),
            golden.path("peak").asDouble(),
            warmUp,
            total,
            total - warmUp,
            golden.path("floor").asDouble());

    JsonNode rates = golden.path("rates");
    for (int step = 0; step < rates.size(); step++) {
      double actual = step > 0 && step <= warmUp ? schedule.at(step - 1) : schedule.at(step);
      if (step > 0 || warmUp == 0) {
        assertThat(actual).as("step " + step).isCloseTo(rates.get(step).asDouble(), within(1e-12));
      }
    }
  }

  private static float[] floats(JsonNode list) {
    float[] values = new float[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) list.get(i).asDouble();
    }
    return values;
  }

  private static float[] values(TensorSource source) {
    List<Float> values = new ArrayList<>();
    source.read(piece -> {
      ByteBuffer bytes = piece.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
      while (bytes.hasRemaining()) {
        values.add(bytes.getFloat());
      }
    });
    float[] array = new float[values.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = values.get(i);
    }
    return array;
  }
}
