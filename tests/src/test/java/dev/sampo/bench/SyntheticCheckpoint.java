package dev.sampo.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.vlm.family.Architecture;
import dev.sampo.vlm.family.ModelFamilies;
import dev.sampo.vlm.family.ModelFolder;
import dev.sampo.vlm.weights.CheckpointWriter;
import dev.sampo.vlm.weights.ElementType;
import dev.sampo.vlm.weights.LayoutTensors;
import dev.sampo.vlm.weights.Parameter;
import dev.sampo.vlm.weights.StoredTensor;
import dev.sampo.vlm.weights.TensorSource;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Model folders with random bfloat16 weights, which need not fit in memory. */
final class SyntheticCheckpoint {
  private static final String CONFIG = "qwen2_5-vl-3b.json";
  private static final int CHUNK_BYTES = 1 << 24;

  private SyntheticCheckpoint() {}

  /** The shape of Qwen2.5-VL-3B. */
  static ObjectNode config() throws IOException {
    try (InputStream in = SyntheticCheckpoint.class.getResourceAsStream(CONFIG)) {
      JsonNode config = new JsonMapper().readTree(Objects.requireNonNull(in));
      return (ObjectNode) config;
    }
  }

  /**
   * Writes a folder.
   *
   * @param maxFileBytes see {@link CheckpointWriter#write}
   * @return bytes of all weights
   */
  static long write(Path folder, ObjectNode config, long maxFileBytes) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("config.json"), config.toString());
    ModelFolder model = ModelFolder.read(folder);
    Architecture architecture = ModelFamilies.of(model).architecture(model);
    MemorySegment chunk = chunk();
    var parameters = new TreeMap<String, Parameter>();
    var sources = new TreeMap<String, TensorSource>();
    Stream.concat(architecture.visionTable().parameters(), architecture.decoderTable().parameters())
        .forEach(parameter -> {
          parameters.put(parameter.name(), parameter);
          sources.put(parameter.name(), new Repeated(parameter.shape(), chunk));
        });
    CheckpointWriter.write(
        folder,
        LayoutTensors.of(architecture.layout(), parameters.values(), sources),
        maxFileBytes);
    return sources.values().stream().mapToLong(TensorSource::numBytes).sum();
  }

  /** Numbers in [-1/4, 1/4], with all bits of their mantissa in use. */
  private static MemorySegment chunk() {
    var random = new SplittableRandom(1);
    byte[] bytes = new byte[CHUNK_BYTES];
    random.nextBytes(bytes);
    for (int i = 1; i < bytes.length; i += 2) {
      bytes[i] = (byte) ((bytes[i] & 0x80) | 0x3c | (bytes[i] & 1));
    }
    return MemorySegment.ofArray(bytes);
  }

  /** A tensor of the same elements again and again. */
  private record Repeated(List<Long> shape, MemorySegment chunk) implements TensorSource {
    @Override
    public ElementType type() {
      return ElementType.BF16;
    }

    @Override
    public <E extends Exception> void read(Sink<E> sink) throws E {
      long left = StoredTensor.numElements(shape) * ElementType.BF16.bytes();
      while (left > 0) {
        long size = Math.min(left, chunk.byteSize());
        sink.accept(chunk.asSlice(0, size));
        left -= size;
      }
    }
  }
}
