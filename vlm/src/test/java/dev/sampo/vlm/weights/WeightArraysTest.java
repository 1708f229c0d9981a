package dev.sampo.vlm.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.sampo.vlm.ops.ArrayOps;
import dev.sampo.vlm.ops.OptimizerOps;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightArraysTest {
  @TempDir private Path folder;

  private final NDManager scope = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void halfPrecisionBecomesFloat32Exactly() {
    StoredTensor brain = shorts(ElementType.BF16, 0x3f80, 0xc020, 0x7f80);
    StoredTensor half = shorts(ElementType.F16, 0x3c00, 0xc100, 0x0001);

    assertThat(WeightArrays.load(brain, ElementType.F32, scope).toFloatArray())
        .containsExactly(1f, -2.5f, Float.POSITIVE_INFINITY);
    assertThat(WeightArrays.load(half, ElementType.F32, scope).toFloatArray())
        .containsExactly(1f, -2.5f, 0x1p-24f);
  }

  /** Every bfloat16, and what lies between it and the next: below, at and above the middle. */
  @Test
  void roundingToBfloat16IsTheLibrarys() {
    float[] values = new float[1 << 18];
    for (int i = 0; i < values.length; i++) {
      int below = new int[] {0, 0x7fff, 0x8000, 0x8001}[i & 3];
      float value = Float.intBitsToFloat((i >> 2) << 16 | below);
      values[i] = Float.isNaN(value) ? 0 : value;
    }
    StoredTensor floats = floats(List.of(512L, 512L), values);

    NDArray actual = WeightArrays.load(floats, ElementType.BF16, scope);
    NDArray expected = rounded(scope.create(values, new Shape(512, 512)));

    assertThat(WeightArrays.elementType(actual)).isEqualTo(ElementType.BF16);
    assertThat(bits(actual)).isEqualTo(bits(expected));
  }

  @Test
  void float16BecomesBfloat16ThroughFloat32() {
    int[] patterns = IntStream.range(0, 1 << 16).map(i -> (i & 0x7c00) == 0x7c00 ? 0 : i).toArray();
    StoredTensor half = shorts(ElementType.F16, patterns);

    NDArray actual = WeightArrays.load(half, ElementType.BF16, scope);

    NDArray exact = WeightArrays.load(half, ElementType.F32, scope);
    assertThat(bits(actual)).isEqualTo(bits(rounded(exact)));
  }

  @Test
  void otherTypesAreNotWeights() {
    var integers =
        new StoredTensor(ElementType.I32, List.of(1L), MemorySegment.ofArray(new byte[4]));

    assertThatThrownBy(() -> WeightArrays.load(integers, ElementType.F32, scope))
        .hasMessage("weights are F32, BF16 or F16, got I32 to F32");
    assertThatThrownBy(() -> WeightArrays.view(scope.create(1L)))
        .hasMessage("weights are F32, BF16 or F16, got int64");
  }

  /** Longer than a window, and a transposed view that does not lie in memory as it is read. */
  @Test
  void arraysAreStoredElementByElement() {
    int rows = (int) ArrayTensor.WINDOW / 1000 + 2;
    NDArray wide = scope.arange(0f, rows * 1000, 1f).reshape(rows, 1000);
    NDArray turned = scope.arange(6f).reshape(2, 3).transpose();

    assertThat(WeightArrays.load(WeightArrays.store(wide), scope)).isEqualTo(wide);
    assertThat(WeightArrays.load(WeightArrays.store(turned), scope).toFloatArray())
        .containsExactly(0, 3, 1, 4, 2, 5);
    assertThat(WeightArrays.store(turned).shape()).containsExactly(3L, 2L);
  }

  @Test
  void parametersThatRequireGradientsAreStored() {
    NDArray parameter = scope.create(new float[] {1, 2});
    parameter.setRequiresGradient(true);

    assertThat(WeightArrays.load(WeightArrays.store(parameter), scope).toFloatArray())
        .containsExactly(1, 2);
    assertThat(parameter.hasGradient()).isTrue();
  }

  @Test
  void theHashIsOfTheBytesInTheTypeOfTheWeights() throws IOException {
    NDArray bytes =
        WeightArrays.load(shorts(ElementType.BF16, 0x6261, 0x6463), ElementType.BF16, scope);
    NDArray none = scope.create(new Shape(0));

    // printf 'abcd' | sha256sum; printf 'w\0abcd' | sha256sum; sha256sum < /dev/null
    assertThat(WeightArrays.hashes(new TreeMap<>(Map.of("w", bytes, "none", none))))
        .containsExactly(
            Map.entry("none", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            Map.entry("w", "88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589"));
    assertThat(WeightArrays.sha256(new TreeMap<>(Map.of("w", bytes))))
        .isEqualTo("7a4e94e4a828e052a70a2c4344e5d0d307e1ab7c72c44b4cded7e5d70fac749a");
  }

  @Test
  void bfloat16WeightsAreSavedAsTheyAre() throws IOException {
    StoredTensor brain = shorts(ElementType.BF16, 0x3f80, 0xc020, 0x0001);
    NDArray array = WeightArrays.load(brain, ElementType.BF16, scope);
    Path path = folder.resolve("a.safetensors");

    WeightArrays.save(path, new TreeMap<>(Map.of("w", array)));

    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      StoredTensor read = Objects.requireNonNull(file.tensors().get("w"));
      assertThat(read.type()).isEqualTo(ElementType.BF16);
      assertThat(read.bytes().mismatch(brain.bytes())).isEqualTo(-1);
    }
  }

  private static byte[] bits(NDArray array) {
    return WeightArrays.store(array).bytes().toArray(ValueLayout.JAVA_BYTE);
  }

  @Test
  void copiesForTheCpuKeepTheirType() {
    StoredTensor brain = shorts(ElementType.BF16, 0x3f80, 0xc020);

    NDArray copy = ArrayOps.toCpu(scope, WeightArrays.load(brain, ElementType.BF16, scope));

    assertThat(WeightArrays.store(copy).bytes().mismatch(brain.bytes())).isEqualTo(-1);
  }

  /** What the native library makes of float32. */
  private NDArray rounded(NDArray exact) {
    NDArray result = ArrayOps.newBfloat16(scope, exact.getShape().getShape());
    OptimizerOps.copy(scope, List.of(result), List.of(exact));
    return result;
  }

  private static StoredTensor floats(List<Long> shape, float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return new StoredTensor(ElementType.F32, shape, MemorySegment.ofBuffer(bytes));
  }

  private static StoredTensor shorts(ElementType type, int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int value : values) {
      bytes.putShort((short) value);
    }
    return new StoredTensor(
        type, List.of((long) values.length), MemorySegment.ofBuffer(bytes.flip()));
  }
}
