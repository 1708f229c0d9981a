package dev.sampo.vlm.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Writes files that are whole or absent: under a temporary name, forced to the disk, then renamed.
 */
public final class AtomicFile {
  /** Ends the name of a file that is being written. */
  static final String PARTIAL = ".partial";

  private AtomicFile() {}

  /** Writes the content of a file. */
  @FunctionalInterface
  public interface Content {
    /** Writes everything, front to back. */
    void writeTo(FileChannel channel) throws IOException;
  }

  /**
   * Replaces a file.
   *
   * @throws IOException if it cannot be written; the path names then what it named before
   */
  public static void write(Path path, Content content) throws IOException {
    Path partial = partial(path);
    try {
      try (FileChannel channel =
          FileChannel.open(
              partial,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        content.writeTo(channel);
        channel.force(true);
      }
      Files.move(
          partial, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(partial);
    }
    forceFolder(path.toAbsolutePath().getParent());
  }

  /** What a crash in the middle of writing a file leaves beside it. */
  public static Path partial(Path path) {
    return path.resolveSibling(path.getFileName() + PARTIAL);
  }

  /** Replaces a file by these bytes, as {@link #write(Path, Content)} does. */
  public static void write(Path path, byte[] bytes) throws IOException {
    write(path, channel -> writeFully(channel, ByteBuffer.wrap(bytes)));
  }

  /** Writes all of a buffer. */
  static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  /** Makes renames, links and deletions in a folder durable. */
  public static void forceFolder(@Nullable Path folder) throws IOException {
    if (folder != null) {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }
}
