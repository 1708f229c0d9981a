package dev.sampo.protocol.log;

import dev.sampo.protocol.LogEntry;
import dev.sampo.protocol.ledger.LogPlace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The writing end of a log of {@link LogEntry}s: append-only segment files in one folder. What was
 * appended before {@link #sync} survives a power cut; what was appended after it may be lost. Not
 * thread-safe; one writer a folder.
 *
 * <p>An entry that could not be written, because the disk is full for example, leaves nothing
 * behind, and the log can be appended to when there is room again. After a failed {@link #sync}
 * nobody can say what is on the disk: the log takes nothing more and has to be opened again.
 */
public final class RolloutLog implements AutoCloseable {
  private final Path folder;
  private final long segmentBytes;
  private final long numCutBytes;
  private int number;
  private FileChannel segment;
  private @Nullable RecordingException failure;

  private RolloutLog(
      Path folder, long segmentBytes, long numCutBytes, int number, FileChannel segment) {
    this.folder = folder;
    this.segmentBytes = segmentBytes;
    this.numCutBytes = numCutBytes;
    this.number = number;
    this.segment = segment;
  }

  /**
   * Opens the log to append, creating the folder if needed. A tail that a crash has torn is cut.
   * What is there then is on the disk.
   *
   * @param segmentBytes a segment that has reached this size is followed by a new one
   * @throws RecordingException if the last segment is damaged elsewhere than at its tail, or the
   *     folder cannot be written
   */
  public static RolloutLog open(Path folder, long segmentBytes) {
    return open(folder, 1, segmentBytes);
  }

  /** As {@link #open(Path, long)}, of a log whose segments before {@code first} were dropped. */
  static RolloutLog open(Path folder, int first, long segmentBytes) {
    if (segmentBytes < 1) {
      throw new IllegalArgumentException("segment-size must be at least 1, got " + segmentBytes);
    }
    try {
      Files.createDirectories(folder);
      SegmentFolder segments = SegmentFolder.list(folder, first);
      if (segments.files().isEmpty()) {
        return new RolloutLog(folder, segmentBytes, 0, first, create(folder, first, 0));
      }
      return openLast(segments, segmentBytes);
    } catch (IOException e) {
      throw RecordingException.notWritten(folder, e);
    }
  }

  private static RolloutLog openLast(SegmentFolder segments, long segmentBytes) throws IOException {
    int number = segments.last();
    Path file = segments.file(number);
    long before = segments.has(number - 1) ? Files.size(segments.file(number - 1)) : 0;
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      Optional<SegmentHeader> header = SegmentHeader.find(channel, file, number);
      if (header.isPresent() && segments.has(number - 1)) {
        segments.requireSize(number - 1, header.get().bytesBefore().orElse(before));
      }
      long size = channel.size();
      long end = header.isPresent() ? endOfRecords(channel, file, header.get().length()) : 0;
      channel.truncate(end).position(end);
      if (header.isEmpty()) {
        writeFully(channel, SegmentHeader.encode(number, before));
      }
      channel.force(true);
      return new RolloutLog(segments.folder(), segmentBytes, size - end, number, channel);
    } catch (IOException | RecordingException e) {
      channel.close();
      throw e;
    }
  }

  private static long endOfRecords(FileChannel channel, Path file, long start) throws IOException {
    long at = start;
    while (Segment.readAt(channel, file, at) instanceof Segment.Found.Entry entry) {
      at = entry.end();
    }
    return at;
  }

  /** Number of the segment that is appended to, from 1. */
  int segmentNumber() {
    return number;
  }

  /** Bytes of a torn record that opening has cut off; 0 after a clean end. */
  public long numCutBytes() {
    return numCutBytes;
  }

  /**
   * Appends; durable only after {@link #sync}. Returns where it stands.
   *
   * @throws RecordingException if it could not be written; the log is as it was
   */
  public LogPlace append(LogEntry entry) {
    requireUsable();
    ByteBuffer frame = Segment.frame(entry);
    try {
      if (segment.position() >= segmentBytes) {
        rotate();
      }
      long start = segment.position();
      try {
        writeFully(segment, frame);
      } catch (IOException e) {
        cut(start, e);
        throw e;
      }
      return new LogPlace(number - 1, start);
    } catch (IOException e) {
      throw RecordingException.notWritten(file(), e);
    }
  }

  /** The old segment is on the disk, whole, before there is a new one. */
  private void rotate() throws IOException {
    sync();
    FileChannel next = create(folder, number + 1, segment.size());
    segment.close();
    segment = next;
    number++;
  }

  /** Takes back what was written of a record. */
  private void cut(long start, IOException cause) {
    try {
      segment.truncate(start).position(start);
    } catch (IOException e) {
      cause.addSuppressed(e);
      failure = RecordingException.notWritten(file(), cause);
    }
  }

  /**
   * Returns when everything appended so far is on the disk.
   *
   * @throws RecordingException if the disk refuses; the log takes nothing more then
   */
  public void sync() {
    requireUsable();
    try {
      segment.force(true);
    } catch (IOException e) {
      failure = RecordingException.notWritten(file(), e);
      throw failure;
    }
  }

  /** Whether nothing has failed after which nobody can say what is on the disk. */
  boolean isUsable() {
    return failure == null;
  }

  private void requireUsable() {
    if (failure != null) {
      throw new RecordingException(
          "the log takes nothing more since " + failure.getMessage(), failure);
    }
  }

  private Path file() {
    return SegmentFolder.file(folder, number);
  }

  /** Syncs, unless the log has failed, and closes. */
  @Override
  public void close() {
    try (FileChannel closed = segment) {
      if (failure == null && closed.isOpen()) {
        sync();
      }
    } catch (IOException e) {
      throw RecordingException.notWritten(file(), e);
    }
  }

  /** A new segment, on the disk with its name; no file if that fails. */
  private static FileChannel create(Path folder, int number, long bytesBefore) throws IOException {
    Path file = SegmentFolder.file(folder, number);
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    try {
      writeFully(channel, SegmentHeader.encode(number, bytesBefore));
      channel.force(true);
      RecordingFolder.force(folder); // the new name must survive a crash as well
      return channel;
    } catch (IOException e) {
      channel.close();
      Files.deleteIfExists(file);
      throw e;
    }
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
