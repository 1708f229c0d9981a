package dev.sampo.vlm.weights;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import dev.sampo.vlm.ModelException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A safetensors file, memory-mapped: eight bytes with the length of a JSON header, the header, the
 * elements. Source of the format: the README of huggingface/safetensors.
 */
public final class SafetensorsFile implements AutoCloseable {
  private static final JsonMapper JSON = new JsonMapper();
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int MAX_HEADER_BYTES = 100_000_000;
  private static final String METADATA = "__metadata__";

  private final Arena arena;
  private final SortedMap<String, StoredTensor> tensors;
  private final Map<String, String> metadata;

  private SafetensorsFile(
      Arena arena, SortedMap<String, StoredTensor> tensors, Map<String, String> metadata) {
    this.arena = arena;
    this.tensors = Collections.unmodifiableSortedMap(tensors);
    this.metadata = Map.copyOf(metadata);
  }

  /**
   * Opens and checks a file.
   *
   * @throws ModelException if it cannot be read, is truncated or is not of the format
   */
  @SuppressWarnings("MustBeClosedChecker") // the arena lives as long as the result
  public static SafetensorsFile open(Path path) {
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      return read(path, file, arena);
    } catch (IOException e) {
      arena.close();
      throw new ModelException("cannot read weights " + path + ": " + e.getMessage(), e);
    } catch (ModelException e) {
      arena.close();
      throw e;
    }
  }

  private static SafetensorsFile read(Path path, MemorySegment file, Arena arena) {
    if (file.byteSize() < 8) {
      throw invalid(path, "%d bytes is too short for a header", file.byteSize());
    }
    long headerSize = file.get(LONG, 0);
    if (headerSize < 2 || headerSize > MAX_HEADER_BYTES || 8 + headerSize > file.byteSize()) {
      throw invalid(
          path, "a header of %d bytes does not fit in %d bytes", headerSize, file.byteSize());
    }
    byte[] header = file.asSlice(8, headerSize).toArray(ValueLayout.JAVA_BYTE);
    MemorySegment data = file.asSlice(8 + headerSize);
    var tensors = new TreeMap<String, StoredTensor>();
    var metadata = new HashMap<String, String>();
    for (Map.Entry<String, JsonNode> entry : parse(path, header).properties()) {
      if (entry.getKey().equals(METADATA)) {
        entry.getValue().properties().forEach(e -> metadata.put(e.getKey(), e.getValue().asText()));
      } else {
        tensors.put(entry.getKey(), tensor(path, entry.getKey(), entry.getValue(), data));
      }
    }
    return new SafetensorsFile(arena, tensors, metadata);
  }

  private static ObjectNode parse(Path path, byte[] header) {
    try {
      if (JSON.readTree(header) instanceof ObjectNode object) {
        return object;
      }
      throw invalid(path, "the header is not a JSON object");
    } catch (IOException e) {
      throw invalid(path, "the header is not JSON");
    }
  }

  private static StoredTensor tensor(Path path, String name, JsonNode entry, MemorySegment data) {
    ElementType type = type(path, name, entry.path("dtype").asText());
    var shape = new ArrayList<Long>();
    entry.path("shape").forEach(size -> shape.add(size.asLong()));
    JsonNode offsets = entry.path("data_offsets");
    long begin = offsets.path(0).asLong(-1);
    long end = offsets.path(1).asLong(-1);
    if (begin < 0 || end < begin) {
      throw invalid(path, "tensor %s has offsets %s", name, offsets);
    }
    if (end > data.byteSize()) {
      throw invalid(path, "truncated: tensor %s ends at byte %d of %d", name, end, data.byteSize());
    }
    if (end - begin != StoredTensor.numElements(shape) * type.bytes()) {
      throw invalid(
          path, "tensor %s of type %s and shape %s has %d bytes", name, type, shape, end - begin);
    }
    return new StoredTensor(type, shape, data.asSlice(begin, end - begin));
  }

  private static ElementType type(Path path, String name, String type) {
    for (ElementType candidate : ElementType.values()) {
      if (candidate.name().equals(type)) {
        return candidate;
      }
    }
    throw invalid(
        path, "tensor %s has type '%s'; known are %s", name, type, List.of(ElementType.values()));
  }

  /** The tensors by name; their bytes are valid until {@link #close}. */
  public SortedMap<String, StoredTensor> tensors() {
    return tensors;
  }

  /** What the writer of the file says beside the tensors. */
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public void close() {
    arena.close();
  }

  /**
   * Writes a file under a temporary name, forces it to the disk and renames it, so that the path
   * never names a partial file.
   *
   * @throws IOException if it cannot be written; nothing is left behind then
   */
  public static void write(Path path, SortedMap<String, ? extends TensorSource> tensors)
      throws IOException {
    write(path, tensors, Map.of());
  }

  /** As {@link #write(Path, SortedMap)}, with something for {@link #metadata}. */
  public static void write(
      Path path, SortedMap<String, ? extends TensorSource> tensors, Map<String, String> metadata)
      throws IOException {
    AtomicFile.write(
        path,
        channel -> {
          AtomicFile.writeFully(channel, header(tensors, metadata));
          for (TensorSource tensor : tensors.values()) {
            tensor.read(piece -> AtomicFile.writeFully(channel, piece.asByteBuffer()));
          }
        });
  }

  private static ByteBuffer header(
      SortedMap<String, ? extends TensorSource> tensors, Map<String, String> metadata)
      throws JsonProcessingException {
    ObjectNode header = JSON.createObjectNode();
    ObjectNode described = header.putObject(METADATA).put("format", "pt");
    metadata.forEach(described::put);
    long offset = 0;
    for (Map.Entry<String, ? extends TensorSource> entry : tensors.entrySet()) {
      TensorSource tensor = entry.getValue();
      ObjectNode node = header.putObject(entry.getKey());
      node.put("dtype", tensor.type().name());
      var shape = node.putArray("shape");
      tensor.shape().forEach(shape::add);
      long end = offset + tensor.numBytes();
      node.putArray("data_offsets").add(offset).add(end);
      offset = end;
    }
    byte[] json = JSON.writeValueAsString(header).getBytes(UTF_8);
    // The format pads the header with spaces so that elements start at a multiple of eight.
    int size = (json.length + 7) / 8 * 8;
    ByteBuffer buffer = ByteBuffer.allocate(8 + size).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putLong(size).put(json);
    while (buffer.hasRemaining()) {
      buffer.put((byte) ' ');
    }
    return buffer.flip();
  }

  @FormatMethod
  private static ModelException invalid(
      Path path, @FormatString String format, Object... arguments) {
    return new ModelException(path + " is not a safetensors file: " + format.formatted(arguments));
  }
}
