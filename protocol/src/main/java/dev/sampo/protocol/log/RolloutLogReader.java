package dev.sampo.protocol.log;

import dev.sampo.protocol.LogEntry;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.ledger.LogPlace;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Reads the entries of a log in order, also while it is being written. A tail that a crash has torn
 * ends the log and is reported by {@link #numTornBytes}. Not thread-safe.
 */
public final class RolloutLogReader implements AutoCloseable {
  private final SegmentFolder segments;
  private Optional<OpenSegment> open = Optional.empty();
  private int number; // of the segment that is read
  private LogPlace at = new LogPlace(0, 0);
  private long offset;
  private long numTornBytes;

  /** A segment file that is open. */
  private record OpenSegment(int number, Path file, FileChannel channel) {}

  private RolloutLogReader(SegmentFolder segments) {
    this.segments = segments;
    this.number = segments.first();
  }

  /**
   * Opens a log that is whole from its first segment on.
   *
   * @param folder the folder of the segments
   * @throws RecordingException if a segment is missing between others
   */
  public static RolloutLogReader open(Path folder) {
    return open(folder, 1);
  }

  /** As {@link #open(Path)}, of a log whose segments before {@code first} were dropped. */
  static RolloutLogReader open(Path folder, int first) {
    try {
      return new RolloutLogReader(SegmentFolder.list(folder, first));
    } catch (IOException e) {
      throw RecordingException.notRead(folder, e);
    }
  }

  /**
   * The next entry; empty at the end of the log.
   *
   * @throws RecordingException if the log is damaged here; what follows is not read
   */
  public Optional<LogEntry> next() {
    while (number <= segments.last()) {
      Optional<LogEntry> entry = nextInSegment();
      if (entry.isPresent()) {
        return entry;
      }
      number++;
      offset = 0;
    }
    return Optional.empty();
  }

  /** Goes to the beginning of a segment that is there; {@link #next} goes on with it. */
  void beginAt(int segment) {
    number = segment;
    offset = 0;
  }

  /** Number of the first segment that is there. */
  int firstSegment() {
    return segments.first();
  }

  /** Number of the last segment; below the first if there is none. */
  int lastSegment() {
    return segments.last();
  }

  /** Bytes of the torn record at the end; 0 before the end is reached and after a clean one. */
  public long numTornBytes() {
    return numTornBytes;
  }

  /** Where the entry stands that {@link #next} has returned last. */
  LogPlace position() {
    return at;
  }

  /**
   * Reads one group.
   *
   * @throws RecordingException if there is none or it is damaged
   */
  public ScoredGroup group(LogPlace place) {
    return find(place)
        .orElseThrow(() ->
            RecordingException.damage(
                "%s has segments %d to %d and nothing at byte %d of segment %d"
                    .formatted(
                        segments.folder(),
                        segments.first(),
                        segments.last(),
                        place.offset(),
                        place.segment() + 1)));
  }

  /**
   * Reads one group; empty if the log has lost its end, or all that was before its first segment,
   * and it with that.
   *
   * @throws RecordingException if it is damaged, or something else stands there
   */
  public Optional<ScoredGroup> find(LogPlace place) {
    int wanted = place.segment() + 1;
    if (!segments.has(wanted)) {
      return Optional.empty();
    }
    Path file = segments.file(wanted);
    try {
      FileChannel channel = segment(wanted).channel();
      return switch (Segment.readAt(channel, file, place.offset())) {
        case Segment.Found.Entry(LogEntry.GroupRecorded(ScoredGroup group), long _) ->
            Optional.of(group);
        case Segment.Found.End(), Segment.Found.Torn(long _) when wanted == segments.last() ->
            Optional.empty();
        default ->
            throw RecordingException.damage(
                "%s has no whole group at byte %d".formatted(file, place.offset()));
      };
    } catch (IOException e) {
      throw RecordingException.notRead(file, e);
    }
  }

  @Override
  public void close() {
    if (open.isPresent()) {
      OpenSegment closed = open.get();
      open = Optional.empty();
      try {
        closed.channel().close();
      } catch (IOException e) {
        throw RecordingException.notRead(closed.file(), e);
      }
    }
  }

  private OpenSegment segment(int wanted) throws IOException {
    if (open.isEmpty() || open.get().number() != wanted) {
      close();
      Path file = segments.file(wanted);
      open = Optional.of(new OpenSegment(wanted, file, FileChannel.open(file)));
    }
    return open.get();
  }

  private Optional<LogEntry> nextInSegment() {
    Path file = segments.file(number);
    try {
      FileChannel channel = segment(number).channel();
      if (offset == 0) {
        Optional<SegmentHeader> header = SegmentHeader.find(channel, file, number);
        if (header.isEmpty()) {
          return torn(file, channel.size());
        }
        requireWholeBefore(header.get().bytesBefore());
        offset = header.get().length();
      }
      return switch (Segment.readAt(channel, file, offset)) {
        case Segment.Found.Entry(LogEntry entry, long end) -> {
          at = new LogPlace(number - 1, offset);
          offset = end;
          yield Optional.of(entry);
        }
        case Segment.Found.End() -> Optional.empty();
        case Segment.Found.Torn(long numBytes) -> torn(file, numBytes);
      };
    } catch (IOException e) {
      throw RecordingException.notRead(file, e);
    }
  }

  private void requireWholeBefore(OptionalLong bytesBefore) throws IOException {
    if (segments.has(number - 1) && bytesBefore.isPresent()) {
      segments.requireSize(number - 1, bytesBefore.getAsLong());
    }
  }

  private Optional<LogEntry> torn(Path file, long numBytes) {
    if (number < segments.last()) {
      throw RecordingException.damage(
          "%s ends within the record at byte %d, but it is not the last segment of the log"
              .formatted(file, offset));
    }
    numTornBytes = numBytes;
    return Optional.empty();
  }
}
