package dev.sampo.vlm.weights.transfer;

import dev.sampo.vlm.weights.SafetensorsFile;
import dev.sampo.vlm.weights.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Writes tensors into numbered files of bounded size, in name order. */
final class ShardWriter {
  private final Path folder;
  private final String prefix;
  private final long maxBytes;
  private final List<ShardFile> files = new ArrayList<>();
  private final SortedMap<String, StoredTensor> open = new TreeMap<>();
  private long openBytes;

  private ShardWriter(Path folder, String prefix, long maxBytes) {
    this.folder = folder;
    this.prefix = prefix;
    this.maxBytes = maxBytes;
  }

  /**
   * Writes all tensors.
   *
   * @param maxBytes a file holds at most this much, unless a single tensor is larger
   */
  static List<ShardFile> write(
      Path folder, String prefix, long maxBytes, SortedMap<String, StoredTensor> tensors)
      throws IOException {
    Files.createDirectories(folder);
    ShardWriter writer = new ShardWriter(folder, prefix, maxBytes);
    for (Map.Entry<String, StoredTensor> entry : tensors.entrySet()) {
      writer.add(entry.getKey(), entry.getValue());
    }
    writer.flush();
    return List.copyOf(writer.files);
  }

  private void add(String name, StoredTensor tensor) throws IOException {
    long bytes = tensor.bytes().byteSize();
    if (!open.isEmpty() && openBytes + bytes > maxBytes) {
      flush();
    }
    open.put(name, tensor);
    openBytes += bytes;
  }

  private void flush() throws IOException {
    Path path = folder.resolve("%s-%05d.safetensors".formatted(prefix, files.size()));
    SafetensorsFile.write(path, open);
    files.add(new ShardFile(path.getFileName().toString(), Hashing.sha256(path), Files.size(path)));
    open.clear();
    openBytes = 0;
  }
}
