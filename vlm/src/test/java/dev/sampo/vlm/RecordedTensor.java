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
import java.util.Map;
import java.util.TreeMap;

/**
 * A tensor of a safetensors file, widened to float32 and row-major. The reader is the tests' own,
 * so that they do not lean on the one they test.
 *
 * @param shape its sizes
 * @param values its elements
 */
@SuppressWarnings("ArrayRecordComponent")
public record RecordedTensor(int[] shape, float[] values) {
  private static final ObjectMapper JSON = JsonMapper.builder().build();

  /** All tensors of a file by name. */
  public static Map<String, RecordedTensor> readFile(Path file) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
      int headerSize = Math.toIntExact(bytes.getLong());
      JsonNode header = JSON.readTree(bytes.array(), 8, headerSize);
      Map<String, RecordedTensor> tensors = new TreeMap<>();
      for (Map.Entry<String, JsonNode> entry : header.properties()) {
        if (!entry.getKey().equals("__metadata__")) {
          int[] offsets = Goldens.ints(entry.getValue().path("data_offsets"));
          ByteBuffer data = bytes.slice(8 + headerSize + offsets[0], offsets[1] - offsets[0]);
          tensors.put(
              entry.getKey(),
              new RecordedTensor(
                  Goldens.ints(entry.getValue().path("shape")),
                  widen(
                      data.order(ByteOrder.LITTLE_ENDIAN),
                      entry.getValue().path("dtype").asText())));
        }
      }
      return tensors;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static float[] widen(ByteBuffer data, String type) {
    int size =
        switch (type) {
          case "U8" -> 1;
          case "BF16", "F16" -> 2;
          case "F32" -> 4;
          default -> throw new IllegalArgumentException("a tensor is " + type);
        };
    float[] values = new float[data.remaining() / size];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (type) {
            case "U8" -> Byte.toUnsignedInt(data.get());
            case "BF16" -> Float.intBitsToFloat(data.getShort() << 16);
            case "F16" -> Float.float16ToFloat(data.getShort());
            default -> data.getFloat();
          };
    }
    return values;
  }
}
