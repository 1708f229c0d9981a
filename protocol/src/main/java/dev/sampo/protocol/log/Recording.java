package dev.sampo.protocol.log;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LogPlace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A recording to read: everything that training took in, in order, with nothing needed besides it
 * but the initial weights.
 */
public final class Recording {
  private final RecordingFolder folder;
  private final RecordingManifest manifest;
  private final RecordingStart start;

  private Recording(RecordingFolder folder, RecordingManifest manifest, RecordingStart start) {
    this.folder = folder;
    this.manifest = manifest;
    this.start = start;
  }

  /**
   * @throws RecordingException if the folder is not a recording of a format that can be read
   */
  public static Recording open(Path root) {
    RecordingFolder folder = new RecordingFolder(root);
    RecordingManifest manifest = folder.readManifest();
    return new Recording(folder, manifest, folder.readStart(manifest));
  }

  /** Whether a folder has the manifest of a recording. */
  public static boolean isOne(Path root) {
    return Files.exists(new RecordingFolder(root).manifestFile());
  }

  /** Its folder. */
  public Path root() {
    return folder.root();
  }

  public RecordingManifest manifest() {
    return manifest;
  }

  /** Where it begins. */
  public RecordingStart start() {
    return start;
  }

  /** Opens the entries in the order in which they were recorded; the caller closes the reader. */
  public RolloutLogReader entries() {
    return RolloutLogReader.open(folder.segments(), start.segment());
  }

  /**
   * Finds the steps that a replay takes.
   *
   * @throws RecordingException if the log is damaged or a step names a group that is not there
   */
  public RecordedSteps steps() {
    return stepsAfter(start.step());
  }

  /**
   * Finds the steps after one that a replay takes; reads the log from its end as far back as they
   * and their groups reach.
   *
   * @throws RecordingException if the log is damaged there or a step names a group that is not
   *     there
   */
  public RecordedSteps stepsAfter(long number) {
    return RecordedSteps.of(this, Math.max(number, start.step()));
  }

  /**
   * Whether a step is recorded, with or without its groups; reads the log from its end as far back
   * as the step.
   *
   * @throws RecordingException if the log is damaged there
   */
  public boolean hasStep(long number) {
    try (RolloutLogReader reader = entries()) {
      return StepSearch.has(reader, number);
    }
  }

  /**
   * Number of the last step, or of the one after which the recording begins; reads the log from its
   * end as far back as the step.
   *
   * @throws RecordingException if the log is damaged there
   */
  public long lastStep() {
    try (RolloutLogReader reader = entries()) {
      return StepSearch.last(reader).orElse(start.step());
    }
  }

  /**
   * The steps whose number is above {@code after}, in order, groups read as the stream advances.
   *
   * @throws RecordingException if the log is damaged or a step names a group that is not there
   */
  public Stream<RecordedStep> steps(long after) {
    return stepsAfter(after).read(after + 1, Long.MAX_VALUE);
  }

  /**
   * Reads one group.
   *
   * @throws RecordingException if none is recorded there, or it is damaged
   */
  public ScoredGroup group(LogPlace place) {
    try (RolloutLogReader reader = entries()) {
      return reader.group(place);
    }
  }

  /**
   * The encoded bytes of an image.
   *
   * @throws RecordingException if it is missing or its bytes have changed
   */
  public byte[] image(String sha256) {
    Path file = folder.image(sha256);
    try {
      byte[] bytes = Files.readAllBytes(file);
      String actual = RecordingFolder.sha256(bytes);
      if (!actual.equals(sha256)) {
        throw RecordingException.damage(file + " is damaged: its bytes have the hash " + actual);
      }
      return bytes;
    } catch (NoSuchFileException e) {
      throw RecordingException.damage("image " + file + " is missing", e);
    } catch (IOException e) {
      throw RecordingException.notRead(file, e);
    }
  }

  /** Reads everything and says whether the recording is complete. */
  public RecordingReport verify() {
    return RecordingReport.of(this);
  }

  /** The records that a step was trained on. */
  List<LogPlace> places(StepCommitted step, Map<GroupId, LogPlace> latest) {
    return step.groups().stream()
        .map(id ->
            Optional.ofNullable(latest.get(id))
                .orElseThrow(() ->
                    RecordingException.damage(
                        "%s: step %d was trained on group %d, which is not recorded before it"
                            .formatted(folder.root(), step.version().step(), id.value()))))
        .toList();
  }
}
