package dev.sampo.protocol.log;

import dev.sampo.protocol.LogEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Reads the entries of a log in order, also while it is being written. A tail that a crash has torn
 * ends the log and is reported by {@link #numTornBytes}. Not thread-safe.
 */
public final class RolloutLogReader implements AutoCloseable {
  private final List<Path> files;
  private int index;
  private Optional<FileChannel> segment = Optional.empty();
  private LogPosition at = new LogPosition(0, 0);
  private long offset;
  private long numTornBytes;

  private RolloutLogReader(List<Path> files) {
    this.files = files;
  }

  /** Where an entry stands: the segment, counted from 0, and the byte in it. */
  record LogPosition(int segment, long offset) {}

  /**
   * @param folder the folder of the segments
   * @throws RecordingException if a segment is missing between others
   */
  public static RolloutLogReader open(Path folder) {
    try {
      return new RolloutLogReader(SegmentFolder.files(folder));
    } catch (IOException e) {
      throw new RecordingException("cannot read the log " + folder + ": " + e.getMessage(), e);
    }
  }

  /**
   * The next entry; empty at the end of the log.
   *
   * @throws RecordingException if the log is damaged here; what follows is not read
   */
  public Optional<LogEntry> next() {
    try {
      while (index < files.size()) {
        Optional<LogEntry> entry = nextInSegment(openSegment());
        if (entry.isPresent()) {
          return entry;
        }
        close();
        index++;
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Bytes of the torn record at the end; 0 before the end is reached and after a clean one. */
  public long numTornBytes() {
    return numTornBytes;
  }

  /** Where the entry stands that {@link #next} has returned last. */
  LogPosition position() {
    return at;
  }

  /** Reads one entry again. */
  LogEntry read(LogPosition position) {
    Path file = files.get(position.segment());
    try (FileChannel channel = FileChannel.open(file)) {
      if (Segment.readAt(channel, file, position.offset()) instanceof Segment.Found.Entry found) {
        return found.entry();
      }
      throw new RecordingException(file + " has changed while it was read");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      if (segment.isPresent()) {
        segment.get().close();
        segment = Optional.empty();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private FileChannel openSegment() throws IOException {
    if (segment.isEmpty()) {
      segment = Optional.of(FileChannel.open(files.get(index)));
      offset = Segment.MAGIC.length;
    }
    return segment.get();
  }

  private Optional<LogEntry> nextInSegment(FileChannel channel) throws IOException {
    Path file = files.get(index);
    if (channel.size() < Segment.MAGIC.length) {
      return torn(file, channel.size());
    }
    Segment.requireMagic(channel, file);
    return switch (Segment.readAt(channel, file, offset)) {
      case Segment.Found.Entry(LogEntry entry, long end) -> {
        at = new LogPosition(index, offset);
        offset = end;
        yield Optional.of(entry);
      }
      case Segment.Found.End() -> Optional.empty();
      case Segment.Found.Torn(long numBytes) -> torn(file, numBytes);
    };
  }

  private Optional<LogEntry> torn(Path file, long numBytes) {
    if (index < files.size() - 1) {
      throw new RecordingException(
          file + " ends within a record, but it is not the last segment of the log");
    }
    numTornBytes = numBytes;
    return Optional.empty();
  }
}
