package dev.sampo.vlm.weights;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.vlm.ModelException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * {@code model.safetensors.index.json}: which file of a sharded checkpoint holds which tensor.
 *
 * @param numParameters elements of all tensors
 * @param numBytes bytes of all tensors
 * @param files file name by tensor name
 */
record CheckpointIndex(long numParameters, long numBytes, SortedMap<String, String> files) {
  /** Name of the index file. */
  static final String FILE = Checkpoint.FILE + ".index.json";

  private static final JsonMapper JSON = new JsonMapper();
  private static final String METADATA = "metadata";
  private static final String PARAMETERS = "total_parameters";
  private static final String BYTES = "total_size";
  private static final String WEIGHT_MAP = "weight_map";

  CheckpointIndex {
    files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
  }

  /**
   * Reads the index of a folder.
   *
   * @throws ModelException if it cannot be read or names no files
   */
  static CheckpointIndex read(Path folder) {
    Path path = folder.resolve(FILE);
    try (InputStream in = Files.newInputStream(path)) {
      JsonNode root = JSON.readTree(in);
      var files = new TreeMap<String, String>();
      for (Map.Entry<String, JsonNode> entry : root.path(WEIGHT_MAP).properties()) {
        files.put(entry.getKey(), entry.getValue().asText());
      }
      if (files.isEmpty()) {
        throw new ModelException("no files under weight_map in " + path);
      }
      JsonNode metadata = root.path(METADATA);
      return new CheckpointIndex(
          metadata.path(PARAMETERS).asLong(), metadata.path(BYTES).asLong(), files);
    } catch (IOException e) {
      throw new ModelException("cannot read " + path + ": " + e.getMessage(), e);
    }
  }

  /** Replaces the index of a folder, atomically. */
  void write(Path folder) throws IOException {
    ObjectNode root = JSON.createObjectNode();
    root.putObject(METADATA).put(PARAMETERS, numParameters).put(BYTES, numBytes);
    ObjectNode map = root.putObject(WEIGHT_MAP);
    files.forEach(map::put);
    byte[] json =
        JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root).concat("\n").getBytes(UTF_8);
    AtomicFile.write(folder.resolve(FILE), json);
  }

  /** Names of all files. */
  SortedSet<String> fileNames() {
    return new TreeSet<>(files.values());
  }

  /** The same tensors with other names of files. */
  CheckpointIndex renamed(Map<String, String> newNames) {
    var renamed = new TreeMap<String, String>();
    files.forEach((tensor, file) -> renamed.put(tensor, newNames.getOrDefault(file, file)));
    return new CheckpointIndex(numParameters, numBytes, renamed);
  }
}
