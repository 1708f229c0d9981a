package dev.sampo.protocol.log;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LogEntry;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.log.RolloutLogReader.LogPosition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
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

  private Recording(RecordingFolder folder, RecordingManifest manifest) {
    this.folder = folder;
    this.manifest = manifest;
  }

  /**
   * One step of the surviving history with what it was trained on.
   *
   * @param step the step
   * @param groups its groups, in the order of the step
   */
  public record RecordedStep(StepCommitted step, List<ScoredGroup> groups) {
    public RecordedStep {
      groups = List.copyOf(groups);
    }
  }

  /**
   * @throws RecordingException if the folder is not a recording of a format that can be read
   */
  public static Recording open(Path root) {
    RecordingFolder folder = new RecordingFolder(root);
    return new Recording(folder, folder.readManifest());
  }

  /** Whether a folder has the manifest of a recording. */
  public static boolean isOne(Path root) {
    return Files.exists(new RecordingFolder(root).manifestFile());
  }

  public RecordingManifest manifest() {
    return manifest;
  }

  /** Opens the entries in the order in which they were recorded; the caller closes the reader. */
  public RolloutLogReader entries() {
    return RolloutLogReader.open(folder.segments());
  }

  /**
   * The steps that a replay has to take, in order, groups read as the stream advances. A step that
   * was taken again in a later term replaces the first one and everything after that.
   *
   * @param numTaken how many of them to leave out, at the beginning
   * @throws RecordingException if the log is damaged or a step names a group that is not there
   */
  public Stream<RecordedStep> steps(long numTaken) {
    List<Place> places = new ArrayList<>();
    try (RolloutLogReader reader = entries()) {
      Map<GroupId, LogPosition> latest = new HashMap<>();
      for (var entry = reader.next(); entry.isPresent(); entry = reader.next()) {
        switch (entry.get()) {
          case LogEntry.GroupRecorded(ScoredGroup group) ->
              latest.put(group.id(), reader.position());
          case LogEntry.StepRecorded(StepCommitted step) -> {
            places.removeIf(place -> place.step().version().step() >= step.version().step());
            places.add(
                new Place(step, step.groups().stream().map(id -> find(id, step, latest)).toList()));
          }
        }
      }
    }
    RolloutLogReader reader = entries();
    return places.stream().skip(numTaken).map(place -> place.read(reader)).onClose(reader::close);
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
        throw new RecordingException(file + " is damaged: its bytes have the hash " + actual);
      }
      return bytes;
    } catch (NoSuchFileException e) {
      throw new RecordingException("image " + file + " is missing", e);
    } catch (IOException e) {
      throw new RecordingException("cannot read image " + file + ": " + e.getMessage(), e);
    }
  }

  /** Reads everything and says whether the recording is complete. */
  public RecordingReport verify() {
    return RecordingReport.of(this);
  }

  private LogPosition find(GroupId id, StepCommitted step, Map<GroupId, LogPosition> latest) {
    return Optional.ofNullable(latest.get(id))
        .orElseThrow(() ->
            new RecordingException(
                "%s: step %d was trained on group %d, which is not recorded before it"
                    .formatted(folder.root(), step.version().step(), id.value())));
  }

  /** A step and where its groups stand. */
  private record Place(StepCommitted step, List<LogPosition> groups) {
    RecordedStep read(RolloutLogReader reader) {
      List<ScoredGroup> read = new ArrayList<>();
      for (LogPosition position : groups) {
        if (reader.read(position) instanceof LogEntry.GroupRecorded(ScoredGroup group)) {
          read.add(group);
        }
      }
      return new RecordedStep(step, read);
    }
  }
}
