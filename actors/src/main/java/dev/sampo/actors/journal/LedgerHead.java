package dev.sampo.actors.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;
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
 *
 * <p>Both are there from the beginning, so that one that is missing was lost.
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
  record Mark(long numEvents, int checksum) {
    /** Before the first event. */
    static final Mark START = new Mark(0, 0);

    /** The mark when an event follows: its checksum covers this one, its number and its bytes. */
    Mark then(byte[] event) {
      CRC32C crc = new CRC32C();
      crc.update(
          ByteBuffer.allocate(Integer.BYTES + Long.BYTES)
              .putInt(checksum)
              .putLong(numEvents)
              .flip());
      crc.update(event);
      return new Mark(numEvents + 1, (int) crc.getValue());
    }

    /** Whether nobody has written behind a writer that is here, which may go on only then. */
    boolean isStillTheEnd(Mark last) {
      return equals(last);
    }
  }

  /**
   * What a file says.
   *
   * @param mark the newest that is whole
   * @param isWhole whether both places are; the other one may have been newer where it is not
   */
  record End(Mark mark, boolean isWhole) {}

  private final FileChannel file;
  private long numWritten;

  private LedgerHead(FileChannel file) {
    this.file = file;
  }

  static LedgerHead open(Path path) throws IOException {
    if (!Files.exists(path)) {
      make(path);
    }
    return new LedgerHead(
        FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE));
  }

  /** A crash leaves the whole file or none. */
  private static void make(Path path) throws IOException {
    Path partial = path.resolveSibling(path.getFileName() + ".partial");
    try (LedgerHead head =
        new LedgerHead(
            FileChannel.open(partial, StandardOpenOption.CREATE, StandardOpenOption.WRITE))) {
      head.write(Mark.START);
      head.write(Mark.START);
    }
    Files.move(partial, path, StandardCopyOption.ATOMIC_MOVE);
    try (FileChannel folder =
        FileChannel.open(path.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
      folder.force(true);
    }
  }

  /** The end in a file that a writer may have open. */
  static End read(Path path) throws IOException {
    try (LedgerHead head = new LedgerHead(FileChannel.open(path, StandardOpenOption.READ))) {
      return head.read();
    }
  }

  /**
   * The end that is remembered.
   *
   * @throws IOException also if both places are damaged: no write that was cut off leaves that
   */
  End read() throws IOException {
    Optional<Mark> first = read(0);
    Optional<Mark> second = read(1);
    Mark newest =
        Stream.concat(first.stream(), second.stream())
            .max(Comparator.comparingLong(Mark::numEvents))
            .orElseThrow(() -> new IOException("it is damaged"));
    numWritten = first.equals(Optional.of(newest)) ? 1 : 0;
    return new End(newest, first.isPresent() && second.isPresent());
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
