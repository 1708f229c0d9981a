package dev.sampo.learner.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * Sizes and checksums of the files of a folder, so that a torn or foreign file is noticed.
 *
 * @param files by path within the folder, with {@code /} between names
 */
record FileSums(SortedMap<String, Sum> files) {
  private static final int BUFFER_BYTES = 1 << 20;

  /**
   * A file as it should be.
   *
   * @param crc32c CRC-32C of its bytes
   */
  record Sum(long bytes, long crc32c) {}

  /** Reads all files below a folder. */
  static FileSums of(Path folder) throws IOException {
    SortedMap<String, Sum> files = new TreeMap<>();
    try (Stream<Path> tree = Files.walk(folder)) {
      for (Path file : tree.filter(Files::isRegularFile).toList()) {
        String name = folder.relativize(file).toString().replace('\\', '/');
        files.put(name, new Sum(Files.size(file), crc32c(file)));
      }
    }
    return new FileSums(files);
  }

  /** The first file of a folder that is missing or has another size; empty if there is none. */
  Optional<String> problemOfSizes(Path folder) throws IOException {
    for (var entry : files.entrySet()) {
      Path file = folder.resolve(entry.getKey());
      if (!Files.isRegularFile(file)) {
        return Optional.of(entry.getKey() + " is missing");
      }
      if (Files.size(file) != entry.getValue().bytes()) {
        return Optional.of(
            "%s has %d bytes of %d"
                .formatted(entry.getKey(), Files.size(file), entry.getValue().bytes()));
      }
    }
    return Optional.empty();
  }

  /** As {@link #problemOfSizes}, and other bytes are a problem too. Reads everything. */
  Optional<String> problem(Path folder) throws IOException {
    Optional<String> problem = problemOfSizes(folder);
    if (problem.isPresent()) {
      return problem;
    }
    for (var entry : files.entrySet()) {
      if (crc32c(folder.resolve(entry.getKey())) != entry.getValue().crc32c()) {
        return Optional.of(entry.getKey() + " has other bytes than were written");
      }
    }
    return Optional.empty();
  }

  private static long crc32c(Path file) throws IOException {
    CRC32C crc = new CRC32C();
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      while (channel.read(buffer) >= 0) {
        crc.update(buffer.flip());
        buffer.clear();
      }
    }
    return crc.getValue();
  }
}
