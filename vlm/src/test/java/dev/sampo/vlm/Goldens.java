package dev.sampo.vlm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What tests/goldens/make_goldens.py recorded of Hugging Face Transformers: one checkpoint folder
 * per configuration. The safetensors reader here is the tests' own, so that they do not lean on the
 * one they test.
 */
public final class Goldens {
  public static final Path ROOT = Path.of("src/test/resources/goldens").toAbsolutePath();
  private static final ObjectMapper JSON = JsonMapper.builder().build();

  private final Path folder;
  private final JsonNode cases;
  private final Map<String, float[]> tensors;

  private Goldens(Path folder) {
    this.folder = folder;
    this.cases = json(folder.resolve("cases.json"));
    this.tensors = readFloats(folder.resolve("reference.safetensors"));
  }

  public static Stream<Goldens> all() {
    return Stream.of("shipped", "windows-tied", "windows-untied").map(Goldens::of);
  }

  public static Goldens of(String configuration) {
    return new Goldens(ROOT.resolve(configuration));
  }

  /** The Hugging Face checkpoint folder. */
  public Path folder() {
    return folder;
  }

  public List<JsonNode> cases() {
    return cases.path("cases").valueStream().toList();
  }

  public JsonNode loss() {
    return cases.path("loss");
  }

  /** A recorded float32 tensor, row-major. */
  public float[] tensor(String name) {
    float[] tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(name + " was not recorded");
    }
    return tensor;
  }

  @Override
  public String toString() {
    return folder.getFileName().toString();
  }

  public static JsonNode json(Path file) {
    try {
      return JSON.readTree(file.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  private static Map<String, float[]> readFloats(Path file) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
      int headerSize = Math.toIntExact(bytes.getLong());
      JsonNode header = JSON.readTree(bytes.array(), 8, headerSize);
      Map<String, float[]> tensors = new HashMap<>();
      header.properties().stream()
          .filter(entry -> !entry.getKey().equals("__metadata__"))
          .forEach(entry -> {
            int[] offsets = ints(entry.getValue().path("data_offsets"));
            float[] values = new float[(offsets[1] - offsets[0]) / Float.BYTES];
            bytes
                .slice(8 + headerSize + offsets[0], offsets[1] - offsets[0])
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(values);
            tensors.put(entry.getKey(), values);
          });
      return tensors;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
