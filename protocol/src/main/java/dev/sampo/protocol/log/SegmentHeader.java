package dev.sampo.protocol.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The first bytes of a segment, all numbers little-endian:
 *
 * <pre>
 * "SAMPOSG2" | number (int32) | bytes of the segment before (int64) | CRC32C of those 20 bytes (int32)
 * </pre>
 *
 * A segment is followed by the next only when it is whole, so its size there shows when it lost a
 * part later, even one that ends where a record does. Recordings of format 1 have the eight bytes
 * {@code "SAMPOSEG"} alone.
 *
 * @param number the segment, from 1
 * @param bytesBefore size of the segment before; 0 for the first, empty in format 1
 * @param length bytes of the header itself
 */
record SegmentHeader(int number, OptionalLong bytesBefore, int length) {
  static final int LENGTH = 24;
  private static final byte[] MAGIC = "SAMPOSG2".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] MAGIC_OF_FORMAT_1 = "SAMPOSEG".getBytes(StandardCharsets.US_ASCII);
  private static final int NUMBER = 8;
  private static final int BYTES_BEFORE = 12;
  private static final int CHECKSUM = 20;

  static ByteBuffer encode(int number, long bytesBefore) {
    ByteBuffer header = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
    header.put(MAGIC).putInt(number).putLong(bytesBefore);
    return header.putInt(Segment.crc(header.slice(0, CHECKSUM))).flip();
  }

  /**
   * Reads the header of segment {@code number}; empty if a crash has torn it, so that the segment
   * has no records.
   *
   * @throws RecordingException if the file starts otherwise
   */
  static Optional<SegmentHeader> find(FileChannel channel, Path file, int number)
      throws IOException {
    ByteBuffer bytes = Segment.read(channel, 0, LENGTH);
    if (isFormat1(bytes)) {
      return Optional.of(new SegmentHeader(number, OptionalLong.empty(), MAGIC_OF_FORMAT_1.length));
    }
    boolean isWhole =
        bytes.limit() == LENGTH
            && bytes.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))
            && bytes.getInt(CHECKSUM) == Segment.crc(bytes.slice(0, CHECKSUM));
    if (!isWhole && channel.size() <= LENGTH) {
      return Optional.empty();
    }
    if (!isWhole) {
      throw RecordingException.damage(
          "%s is no segment of a recording, or damaged at byte 0: its header does not match its checksum"
              .formatted(file));
    }
    if (bytes.getInt(NUMBER) != number) {
      throw RecordingException.damage(
          "%s holds segment %d of a recording".formatted(file, bytes.getInt(NUMBER)));
    }
    return Optional.of(
        new SegmentHeader(number, OptionalLong.of(bytes.getLong(BYTES_BEFORE)), LENGTH));
  }

  private static boolean isFormat1(ByteBuffer bytes) {
    return bytes.limit() >= MAGIC_OF_FORMAT_1.length
        && bytes.slice(0, MAGIC_OF_FORMAT_1.length).equals(ByteBuffer.wrap(MAGIC_OF_FORMAT_1));
  }
}
