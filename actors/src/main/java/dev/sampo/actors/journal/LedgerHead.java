package dev.sampo.actors.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * A small file beside the database: how many events of the run were durable, and the checksum of
 * the last. A database that was cut off, or put back to an older state, has fewer events or others.
 *
 * <p>Two places in the file take turns, so that a write that is cut off leaves the one before:
 *
 * <pre>
 * place = number of events (int64) | checksum of the last (int32) | CRC32C of those 12 bytes (int32)
 * </pre>
 */
final class LedgerHead implements AutoCloseable {
  private static final int PLACE = 64; // bytes from one place to the next
  private static final int LENGTH = 16;

  /**
   * Where a ledger ended.
   *
   * @param numEvents events of the run
   * @param checksum of the last one
   */
  record Mark(long numEvents, int checksum) {}

  private final FileChannel file;
  private long numWritten;

  private LedgerHead(FileChannel file) {
    this.file = file;
  }

  static LedgerHead open(Path path) throws IOException {
    boolean isNew = !Files.exists(path);
    LedgerHead head =
        new LedgerHead(
            FileChannel.open(
                path,
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE));
    if (isNew) {
      head.file.force(true);
      try (FileChannel folder =
          FileChannel.open(path.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
        folder.force(true);
      }
    }
    return head;
  }

  /** The last mark; empty for a new ledger. */
  Optional<Mark> read() throws IOException {
    Optional<Mark> first = read(0);
    Optional<Mark> second = read(1);
    boolean firstIsNewer =
        first.isPresent()
            && second.stream().noneMatch(mark -> mark.numEvents() > first.get().numEvents());
    numWritten = firstIsNewer ? 1 : 0;
    return firstIsNewer ? first : second;
  }

  private Optional<Mark> read(int place) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(LENGTH);
    while (bytes.hasRemaining()
        && file.read(bytes, (long) place * PLACE + bytes.position()) >= 0) {}
    if (bytes.hasRemaining() || crc(bytes) != bytes.getInt(12)) {
      return Optional.empty();
    }
    return Optional.of(new Mark(bytes.getLong(0), bytes.getInt(8)));
  }

  /** Returns when the mark is on the disk. */
  void write(Mark mark) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(LENGTH);
    bytes.putLong(mark.numEvents()).putInt(mark.checksum());
    bytes.putInt(crc(bytes)).flip();
    long at = numWritten % 2 * PLACE;
    while (bytes.hasRemaining()) {
      file.write(bytes, at + bytes.position());
    }
    file.force(false);
    numWritten++;
  }

  private static int crc(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.duplicate().position(0).limit(12));
    return (int) crc.getValue();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
