package dev.sampo.protocol.log;

import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.LogEntry;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LogPlace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * Records a run into a folder that stands alone. Before a group is appended its images must have
 * been stored; before a step is published {@link #sync} must have returned. Not thread-safe.
 *
 * <p>What cannot be written, because the disk is full for example, leaves nothing behind and can be
 * tried again.
 */
public final class RecordingWriter implements AutoCloseable {
  private static final int FIRST_SEGMENT = 1;

  private final RecordingFolder folder;
  private final RolloutLog log;
  private RecordingStart start;
  private Optional<Retention> retention = Optional.empty();
  private long lookedAt; // the last step that was looked at for what is needed after it
  private boolean hasNewImages; // whose names may not be on the disk yet
  private boolean isNew;

  /** Which steps are needed no more, as time goes by. */
  private record Retention(Supplier<OptionalLong> neededAfter, int maxAge, LogNeeds needs) {}

  private RecordingWriter(RecordingFolder folder, RecordingStart start, RolloutLog log) {
    this.folder = folder;
    this.start = start;
    this.log = log;
  }

  /**
   * Starts a recording, or goes on with the one of the same run. One that nothing was recorded in
   * becomes that of this run.
   *
   * @param segmentBytes a segment file of this size is followed by a new one
   * @throws RecordingException if the folder holds the recording of another run, model or format,
   *     or a damaged one, or cannot be written
   */
  public static RecordingWriter open(Path root, RecordingManifest manifest, long segmentBytes) {
    return open(
        root, manifest, segmentBytes, new RecordingStart(0, manifest.modelHash(), FIRST_SEGMENT));
  }

  /**
   * As {@link #open(Path, RecordingManifest, long)}, for a run that may have lost what it had
   * recorded.
   *
   * @param begin where the recording begins if there is no segment of it, of one that had no other
   */
  public static RecordingWriter open(
      Path root, RecordingManifest manifest, long segmentBytes, RecordingStart begin) {
    RecordingFolder folder = new RecordingFolder(root);
    try {
      folder.prepare();
      RecordingStart found = folder.readStart(manifest);
      List<Path> segments = SegmentFolder.list(folder.segments(), found.segment()).files();
      if (Files.exists(folder.manifestFile()) && hasRecords(segments)) {
        requireSame(root, folder.readManifest(), manifest);
      } else {
        folder.writeManifest(manifest);
      }
      boolean isNew = segments.isEmpty();
      RecordingStart start = isNew ? begun(folder, found, begin) : found;
      RecordingWriter writer =
          new RecordingWriter(
              folder, start, RolloutLog.open(folder.segments(), start.segment(), segmentBytes));
      writer.isNew = isNew;
      writer.finishDropping();
      return writer;
    } catch (IOException e) {
      throw RecordingException.notWritten(root, e);
    }
  }

  private static boolean hasRecords(List<Path> segments) throws IOException {
    for (Path segment : segments) {
      if (Files.size(segment) > SegmentHeader.LENGTH) {
        return true;
      }
    }
    return false;
  }

  /** No segment gets the number of one that was lost. */
  private static RecordingStart begun(
      RecordingFolder folder, RecordingStart found, RecordingStart begin) throws IOException {
    RecordingStart start =
        new RecordingStart(
            begin.step(), begin.weightsHash(), Math.max(found.segment(), begin.segment()));
    if (!start.equals(found)) {
      folder.writeStart(start);
    }
    return start;
  }

  private static void requireSame(
      Path root, RecordingManifest recorded, RecordingManifest manifest) {
    if (!recorded.isContinuedBy(manifest)) {
      throw new RecordingException(
          "%s records run %s with other weights, tokenizer or processor than run %s"
              .formatted(root, recorded.runId(), manifest.runId()));
    }
    if (recorded.formatVersion() != manifest.formatVersion()) {
      throw new RecordingException(
          "%s has format version %d, which can be read and not appended to; this program writes version %d"
              .formatted(root, recorded.formatVersion(), manifest.formatVersion()));
    }
  }

  /**
   * Stores the encoded bytes of an image, once.
   *
   * @throws IllegalArgumentException if the bytes are not those of {@code image}
   * @throws RecordingException if it cannot be written; no part of it is there then
   */
  public void store(ImageRef image, byte[] bytes) {
    Path file = folder.image(image.sha256());
    if (Files.exists(file)) {
      return;
    }
    String actual = RecordingFolder.sha256(bytes);
    if (!actual.equals(image.sha256())) {
      throw new IllegalArgumentException(
          "image " + image.sha256() + " has bytes with the hash " + actual);
    }
    try {
      RecordingFolder.writeAtomically(file, bytes);
      hasNewImages = true;
    } catch (IOException e) {
      throw RecordingException.notWritten(file, e);
    }
  }

  /** Whether the image is stored already, so that its bytes need not be fetched. */
  public boolean has(ImageRef image) {
    return Files.exists(folder.image(image.sha256()));
  }

  /**
   * Appends a group; durable only after {@link #sync}. Returns where it stands.
   *
   * @throws RecordingException if it cannot be written; no part of it is there then
   */
  public LogPlace append(ScoredGroup group) {
    return append(new LogEntry.GroupRecorded(group));
  }

  /**
   * Appends a step; durable only after {@link #sync}. Returns where it stands.
   *
   * @param loss of the step; empty if nothing was trained on
   * @throws RecordingException if it cannot be written; no part of it is there then
   */
  public LogPlace append(StepCommitted step, OptionalDouble loss) {
    return append(new LogEntry.StepRecorded(step, loss));
  }

  private LogPlace append(LogEntry entry) {
    LogPlace place = log.append(entry);
    retention.ifPresent(kept -> kept.needs().add(place.segment() + 1, entry));
    return place;
  }

  /**
   * Returns when everything appended so far is on the disk, images first.
   *
   * @throws RecordingException if the disk refuses; the recording has to be opened again then
   */
  public void sync() {
    try {
      if (hasNewImages) {
        RecordingFolder.force(folder.images());
        hasNewImages = false;
      }
    } catch (IOException e) {
      throw RecordingException.notWritten(folder.images(), e);
    }
    log.sync();
  }

  /**
   * From now on {@link #dropNeedless} drops what nobody needs who goes on after a step: whole
   * segments, and the images of these that no other has. Later steps can be replayed from a
   * checkpoint of that step or a later one. Reads what was recorded so far.
   *
   * @param step the oldest step that anybody goes on after, which is recorded; empty while
   *     everything is needed
   * @param maxAge how old a group may be when a step is trained on it, in steps
   * @throws RecordingException if the log is damaged
   */
  public void keepOnlyAfter(Supplier<OptionalLong> step, int maxAge) {
    retention = Optional.of(new Retention(step, maxAge, needs(start.segment())));
  }

  /**
   * Drops what {@link #keepOnlyAfter} does not keep; call it when nobody waits for what was synced.
   *
   * @throws RecordingException if the folder cannot be written
   */
  public void dropNeedless() {
    if (retention.isEmpty()) {
      return;
    }
    OptionalLong step = retention.get().neededAfter().get();
    if (step.isPresent() && step.getAsLong() > lookedAt) {
      lookedAt = step.getAsLong();
      dropBefore(lookedAt, retention.get());
    }
  }

  private void dropBefore(long step, Retention kept) {
    int first = kept.needs().firstSegment(step, kept.maxAge(), log.segmentNumber());
    Optional<StepCommitted> last = kept.needs().step(step);
    if (first == start.segment() || last.isEmpty()) {
      return;
    }
    start = new RecordingStart(step, last.get().version().weightsHash(), first);
    try {
      folder.writeStart(start);
      delete(SegmentFolder.before(folder.segments(), first), kept.needs());
    } catch (IOException e) {
      throw RecordingException.notWritten(folder.root(), e);
    }
    kept.needs().forgetBefore(first);
  }

  /** Deletes what a crash has left of segments that were dropped. */
  private void finishDropping() throws IOException {
    List<Path> dropped = SegmentFolder.before(folder.segments(), start.segment());
    if (!dropped.isEmpty()) {
      delete(dropped, needs(SegmentFolder.number(dropped.getFirst())));
    }
  }

  private LogNeeds needs(int firstSegment) {
    try (RolloutLogReader reader = RolloutLogReader.open(folder.segments(), firstSegment)) {
      return LogNeeds.of(reader);
    }
  }

  /** Images go first: as long as a dropped segment is there, it says which they are. */
  private void delete(List<Path> dropped, LogNeeds needs) throws IOException {
    for (String image : needs.imagesBefore(start.segment())) {
      Files.deleteIfExists(folder.image(image));
    }
    RecordingFolder.force(folder.images());
    for (Path segment : dropped) {
      Files.delete(segment);
    }
    RecordingFolder.force(folder.segments());
  }

  /** Whether there was no segment when it was opened. */
  public boolean isNew() {
    return isNew;
  }

  /** Bytes of a torn record that opening has cut off; 0 after a clean end. */
  public long numCutBytes() {
    return log.numCutBytes();
  }

  @Override
  public void close() {
    try (RolloutLog closed = log) {
      if (closed.isUsable()) {
        sync();
        dropNeedless();
      }
    }
  }
}
