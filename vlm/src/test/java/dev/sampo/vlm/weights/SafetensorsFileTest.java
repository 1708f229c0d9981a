package dev.sampo.vlm.weights;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.vlm.ModelException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsFileTest {
  @TempDir private Path folder;

  @Test
  void whatIsWrittenIsRead() throws IOException {
    Path path = folder.resolve("a.safetensors");
    StoredTensor matrix = floats(List.of(2L, 3L), 1, 2, 3, 4, 5, -6.5f);
    StoredTensor scalar = floats(List.of(), 7);

    SafetensorsFile.write(path, new TreeMap<>(Map.of("m", matrix, "s", scalar)));

    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertThat(file.tensors().keySet()).containsExactly("m", "s");
      StoredTensor read = Objects.requireNonNull(file.tensors().get("m"));
      assertThat(read.shape()).containsExactly(2L, 3L);
      assertThat(read.bytes().mismatch(matrix.bytes())).isEqualTo(-1);
      assertThat(elements(Objects.requireNonNull(file.tensors().get("s")))).containsExactly(7);
    }
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(path);
    }
  }

  @Test
  void elementsStartAtAMultipleOfEight() throws IOException {
    Path path = folder.resolve("a.safetensors");

    SafetensorsFile.write(path, new TreeMap<>(Map.of("odd", floats(List.of(1L), 1))));

    assertThat(Files.size(path) - 4).isEqualTo((Files.size(path) - 4) / 8 * 8);
  }

  @Test
  void aTruncatedFileIsNamed() throws IOException {
    Path path = folder.resolve("cut.safetensors");
    SafetensorsFile.write(path, new TreeMap<>(Map.of("m", floats(List.of(3L), 1, 2, 3))));
    byte[] whole = Files.readAllBytes(path);

    Files.write(path, Arrays.copyOf(whole, whole.length - 1));

    assertThatThrownBy(() -> SafetensorsFile.open(path))
        .isInstanceOf(ModelException.class)
        .hasMessage(path + " is not a safetensors file: truncated: tensor m ends at byte 12 of 11");
  }

  @Test
  void filesOfOtherFormatsAreNamed() throws IOException {
    Path shortFile = Files.write(folder.resolve("short"), new byte[3]);
    Path pointer =
        Files.writeString(folder.resolve("pointer"), "version https://git-lfs.github.com/spec/v1");
    Path list = Files.write(folder.resolve("list"), withHeader("[1]"));
    Path shape =
        Files.write(
            folder.resolve("shape"),
            withHeader("{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}"));

    assertRejected(shortFile, "3 bytes is too short for a header");
    assertRejected(pointer, "a header of ");
    assertRejected(list, "the header is not a JSON object");
    assertRejected(shape, "tensor x of type F32 and shape [2] has 4 bytes");
    assertThatThrownBy(() -> SafetensorsFile.open(folder.resolve("none")))
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith("cannot read weights " + folder.resolve("none"));
  }

  private static void assertRejected(Path path, String reason) {
    assertThatThrownBy(() -> SafetensorsFile.open(path))
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith(path + " is not a safetensors file: " + reason);
  }

  private static byte[] withHeader(String json) {
    byte[] header = json.getBytes(UTF_8);
    return ByteBuffer.allocate(8 + header.length + 4)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length)
        .put(header)
        .array();
  }

  private static StoredTensor floats(List<Long> shape, float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return new StoredTensor(ElementType.F32, shape, segment(bytes.flip()));
  }

  private static MemorySegment segment(ByteBuffer bytes) {
    return MemorySegment.ofBuffer(bytes);
  }

  private static float[] elements(StoredTensor tensor) {
    var values = new float[(int) tensor.numElements()];
    tensor.bytes().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }
}
