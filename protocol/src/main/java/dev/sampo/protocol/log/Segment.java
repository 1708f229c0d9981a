package dev.sampo.protocol.log;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import dev.sampo.protocol.LogEntry;
import dev.sampo.protocol.wire.WireCodec;
import dev.sampo.protocol.wire.WireFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * The bytes of one segment file, all numbers little-endian:
 *
 * <pre>
 * {@link SegmentHeader} | frame | frame | ...
 * frame = length (int32) | CRC32C of payload (int32) | CRC32C of those 8 bytes (int32) | payload
 * payload = zstd of one LogEntry in Protobuf
 * </pre>
 *
 * <p>The header of a frame has a checksum of its own so that a flipped length is damage and not
 * taken for a tail that a crash has torn. A tail is torn where the file ends before the frame does,
 * where the last payload does not match its checksum, or where nothing but zeros is left.
 */
final class Segment {
  private static final int HEADER = 12;
  private static final int COMPRESSION_LEVEL = 3;

  private Segment() {}

  /** What stands at an offset of a segment. */
  sealed interface Found {
    record Entry(LogEntry entry, long end) implements Found {}

    record End() implements Found {}

    record Torn(long numBytes) implements Found {}
  }

  static ByteBuffer frame(LogEntry entry) {
    byte[] payload = Zstd.compress(WireCodec.encode(entry), COMPRESSION_LEVEL);
    ByteBuffer frame = ByteBuffer.allocate(HEADER + payload.length).order(ByteOrder.LITTLE_ENDIAN);
    frame.putInt(payload.length).putInt(crc(ByteBuffer.wrap(payload)));
    frame.putInt(crc(frame.slice(0, 8))).put(payload);
    return frame.flip();
  }

  /**
   * Reads the frame at {@code offset}.
   *
   * @throws RecordingException for a frame that is damaged rather than torn
   */
  static Found readAt(FileChannel channel, Path file, long offset) throws IOException {
    long left = channel.size() - offset;
    if (left == 0) {
      return new Found.End();
    }
    if (left < HEADER) {
      return new Found.Torn(left);
    }
    ByteBuffer header = read(channel, offset, HEADER);
    int length = header.getInt(0);
    if (crc(header.slice(0, 8)) != header.getInt(8) || length < 0) {
      if (onlyZerosFrom(channel, offset)) {
        return new Found.Torn(left);
      }
      throw damaged(file, offset, "the header of the record does not match its checksum");
    }
    if (left < HEADER + (long) length) {
      return new Found.Torn(left);
    }
    byte[] payload = new byte[length];
    read(channel, offset + HEADER, length).get(payload);
    if (crc(ByteBuffer.wrap(payload)) != header.getInt(4)) {
      if (left == HEADER + (long) length) {
        return new Found.Torn(left);
      }
      throw damaged(file, offset, "the record does not match its checksum");
    }
    return new Found.Entry(decode(payload, file, offset), offset + HEADER + length);
  }

  private static LogEntry decode(byte[] payload, Path file, long offset) {
    try {
      return WireCodec.decodeLogEntry(
          Zstd.decompress(payload, Math.toIntExact(Zstd.getFrameContentSize(payload))));
    } catch (WireFormatException | ZstdException | ArithmeticException e) {
      throw damaged(file, offset, String.valueOf(e.getMessage()));
    }
  }

  private static boolean onlyZerosFrom(FileChannel channel, long offset) throws IOException {
    int block = 1 << 16;
    for (long at = offset; at < channel.size(); at += block) {
      ByteBuffer bytes = read(channel, at, (int) Math.min(block, channel.size() - at));
      while (bytes.hasRemaining()) {
        if (bytes.get() != 0) {
          return false;
        }
      }
    }
    return true;
  }

  /** At most {@code length} bytes from {@code offset} on. */
  static ByteBuffer read(FileChannel channel, long offset, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining() && channel.read(bytes, offset + bytes.position()) >= 0) {}
    return bytes.flip();
  }

  static int crc(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  private static RecordingException damaged(Path file, long offset, String what) {
    return RecordingException.damage(file + " is damaged at byte " + offset + ": " + what);
  }
}
