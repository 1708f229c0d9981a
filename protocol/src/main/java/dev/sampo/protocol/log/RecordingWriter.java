package dev.sampo.protocol.log;

import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.LogEntry;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Records a run into a folder that stands alone. Before a group is appended its images must have
 * been stored; before a step is published {@link #sync} must have returned. Not thread-safe.
 */
public final class RecordingWriter implements AutoCloseable {
  private final RecordingFolder folder;
  private final RolloutLog log;

  private RecordingWriter(RecordingFolder folder, RolloutLog log) {
    this.folder = folder;
    this.log = log;
  }

  /**
   * Starts a recording, or goes on with the one of the same run.
   *
   * @param segmentBytes a segment file of this size is followed by a new one
   * @throws RecordingException if the folder holds the recording of another run or model, or a
   *     damaged one
   */
  public static RecordingWriter open(Path root, RecordingManifest manifest, long segmentBytes) {
    RecordingFolder folder = new RecordingFolder(root);
    try {
      if (Files.exists(folder.manifestFile())) {
        RecordingManifest recorded = folder.readManifest();
        if (!recorded.isContinuedBy(manifest)) {
          throw new RecordingException(
              "%s records run %s with other weights, tokenizer or processor than run %s"
                  .formatted(root, recorded.runId(), manifest.runId()));
        }
      } else {
        folder.writeManifest(manifest);
      }
      return new RecordingWriter(folder, RolloutLog.open(folder.segments(), segmentBytes));
    } catch (IOException e) {
      throw new RecordingException("cannot record into " + root + ": " + e.getMessage(), e);
    }
  }

  /**
   * Stores the encoded bytes of an image, once.
   *
   * @throws IllegalArgumentException if the bytes are not those of {@code image}
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
    } catch (IOException e) {
      throw new UncheckedIOException("cannot store image " + file, e);
    }
  }

  /** Whether the image is stored already, so that its bytes need not be fetched. */
  public boolean has(ImageRef image) {
    return Files.exists(folder.image(image.sha256()));
  }

  public void append(ScoredGroup group) {
    log.append(new LogEntry.GroupRecorded(group));
  }

  public void append(StepCommitted step) {
    log.append(new LogEntry.StepRecorded(step));
  }

  /** Returns when everything appended so far is on the disk. */
  public void sync() {
    log.sync();
  }

  /** Bytes of a torn record that opening has cut off; 0 after a clean end. */
  public long numCutBytes() {
    return log.numCutBytes();
  }

  @Override
  public void close() {
    log.close();
  }
}
