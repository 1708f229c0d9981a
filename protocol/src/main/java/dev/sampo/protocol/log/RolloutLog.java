package dev.sampo.protocol.log;

import dev.sampo.protocol.LogEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * The writing end of a log of {@link LogEntry}s: append-only segment files in one folder. What was
 * appended before {@link #sync} survives a power cut; what was appended after it may be lost from
 * the end, never from the middle. Not thread-safe; one writer a folder.
 */
public final class RolloutLog implements AutoCloseable {
  private final Path folder;
  private final long segmentBytes;
  private final long numCutBytes;
  private int number;
  private FileChannel segment;

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
   *
   * @param segmentBytes a segment that has reached this size is followed by a new one
   * @throws RecordingException if the last segment is damaged elsewhere than at its tail
   * @throws UncheckedIOException if the folder cannot be written
   */
  public static RolloutLog open(Path folder, long segmentBytes) {
    if (segmentBytes < 1) {
      throw new IllegalArgumentException("segment-size must be at least 1, got " + segmentBytes);
    }
    try {
      Files.createDirectories(folder);
      List<Path> files = SegmentFolder.files(folder);
      if (files.isEmpty()) {
        return new RolloutLog(folder, segmentBytes, 0, 1, create(folder, 1));
      }
      FileChannel last =
          FileChannel.open(files.getLast(), StandardOpenOption.READ, StandardOpenOption.WRITE);
      long numCut = cutTail(last, files.getLast());
      return new RolloutLog(folder, segmentBytes, numCut, files.size(), last);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Bytes of a torn record that opening has cut off; 0 after a clean end. */
  public long numCutBytes() {
    return numCutBytes;
  }

  /** Appends; durable only after {@link #sync}. */
  public void append(LogEntry entry) {
    try {
      if (segment.position() >= segmentBytes) {
        segment.force(true);
        segment.close();
        number++;
        segment = create(folder, number);
      }
      writeFully(segment, Segment.frame(entry));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot append to " + folder, e);
    }
  }

  /** Returns when everything appended so far is on the disk. */
  public void sync() {
    try {
      segment.force(true);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot sync " + folder, e);
    }
  }

  /** Syncs and closes. */
  @Override
  public void close() {
    sync();
    try {
      segment.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static FileChannel create(Path folder, int number) throws IOException {
    FileChannel channel =
        FileChannel.open(
            SegmentFolder.file(folder, number),
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.WRITE);
    writeFully(channel, ByteBuffer.wrap(Segment.MAGIC));
    channel.force(true);
    try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
      directory.force(true); // the new name must survive a crash as well
    }
    return channel;
  }

  /** Leaves the channel at the end of the last whole record and returns what was cut after it. */
  private static long cutTail(FileChannel channel, Path file) throws IOException {
    long size = channel.size();
    if (size < Segment.MAGIC.length) { // torn while it was created
      channel.truncate(0);
      writeFully(channel, ByteBuffer.wrap(Segment.MAGIC));
      return size;
    }
    Segment.requireMagic(channel, file);
    long at = Segment.MAGIC.length;
    Segment.Found found = Segment.readAt(channel, file, at);
    while (found instanceof Segment.Found.Entry entry) {
      at = entry.end();
      found = Segment.readAt(channel, file, at);
    }
    channel.truncate(at);
    channel.position(at);
    return size - at;
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
