package dev.sampo.protocol.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.LogEntry;
import dev.sampo.protocol.RandomRecords;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recording on a disk that gets full, at every operation in turn. */
class FullDiskTest {
  private static final byte[] PIXELS = "a picture".getBytes(UTF_8);
  private static final RecordingManifest MANIFEST =
      new RecordingManifest(
          RecordingManifest.FORMAT_VERSION,
          "run",
          "sampo {}",
          "a".repeat(64),
          "b".repeat(64),
          "c".repeat(64),
          "2.7.1",
          "AVX2",
          1,
          1);

  @TempDir Path folder;

  private int numWritten;
  private int numSynced;

  @Test
  void whateverFindsNoRoomIsTriedAgainAndNothingIsLost() throws IOException {
    for (int room = 0; ; room++) {
      Path root = folder.resolve("full-" + room);
      FullDisk disk = new FullDisk(room);
      numWritten = 0;
      numSynced = 0;
      if (recordUntilFull(disk, disk.path(root))) {
        assertThat(room).isGreaterThan(40);
        break;
      }

      assertNothingIsHalfWritten(root);
      disk.makeRoom();
      try (RecordingWriter writer = open(root)) {
        record(writer, entries(root).size());
      }
      assertThat(entries(root).equals(all())).as("full after %d operations", room).isTrue();
      assertThat(Files.readAllBytes(image(root))).isEqualTo(PIXELS);
    }
  }

  @Test
  void theSameWriterGoesOnWhenThereIsRoomAgain() {
    FullDisk disk = new FullDisk(Long.MAX_VALUE);
    Path root = folder.resolve("full");
    try (RecordingWriter writer = open(disk.path(root))) {
      append(writer, all().get(0));
      for (int attempt = 0; attempt < 3; attempt++) {
        disk.leave(0);
        assertThatThrownBy(() -> append(writer, all().get(1)))
            .isInstanceOf(RecordingException.class)
            .hasMessage(
                "cannot write %s: %s"
                    .formatted(root.resolve("segments/000001.seg"), FullDisk.REASON));
        disk.makeRoom();
      }
      append(writer, all().get(1));
      writer.sync();
    }

    assertThat(entries(root)).isEqualTo(all().subList(0, 2));
  }

  @Test
  void afterAFailedSyncNothingIsTaken() {
    FullDisk disk = new FullDisk(Long.MAX_VALUE);
    RecordingWriter writer = open(disk.path(folder.resolve("full")));
    append(writer, all().get(0));
    disk.leave(0);
    assertThatThrownBy(writer::sync).isInstanceOf(RecordingException.class);
    disk.makeRoom();

    assertThatThrownBy(() -> append(writer, all().get(1)))
        .isInstanceOf(RecordingException.class)
        .hasMessageStartingWith("the log takes nothing more since cannot write");
    writer.close();
  }

  /** Returns whether there was room for everything. */
  private boolean recordUntilFull(FullDisk disk, Path root) {
    try (RecordingWriter writer = open(root)) {
      record(writer, 0);
    } catch (RecordingException e) {
      assertThat(e).hasMessageContaining(root.toString()).hasMessageContaining(FullDisk.REASON);
      assertThat(String.valueOf(e.getMessage()).lines()).hasSize(1);
    }
    return !disk.wasFull();
  }

  private RecordingWriter open(Path root) {
    return RecordingWriter.open(root, MANIFEST, 3000);
  }

  private void record(RecordingWriter writer, int from) {
    writer.store(picture(), PIXELS);
    for (int i = from; i < all().size(); i++) {
      append(writer, all().get(i));
      numWritten = i + 1;
      if (i % 2 == 1) {
        writer.sync();
        numSynced = numWritten;
      }
    }
  }

  private static void append(RecordingWriter writer, LogEntry entry) {
    switch (entry) {
      case LogEntry.GroupRecorded(ScoredGroup group) -> writer.append(group);
      case LogEntry.StepRecorded(StepCommitted step, OptionalDouble loss) ->
          writer.append(step, loss);
    }
  }

  /** What can be read without a repair is all that was synced, and perhaps more, whole. */
  private void assertNothingIsHalfWritten(Path root) throws IOException {
    if (Files.exists(root.resolve("manifest.json"))) {
      assertThat(Recording.open(root).manifest()).isEqualTo(MANIFEST);
    }
    if (Files.isDirectory(root.resolve("segments"))) {
      List<LogEntry> found = entries(root);
      assertThat(found).hasSizeBetween(numSynced, numWritten);
      assertThat(found.equals(all().subList(0, found.size()))).isTrue();
      try (RolloutLogReader reader = RolloutLogReader.open(root.resolve("segments"))) {
        while (reader.next().isPresent()) {}
        assertThat(reader.numTornBytes()).isZero();
      }
    }
    if (Files.isDirectory(root)) {
      try (Stream<Path> files = Files.walk(root)) {
        assertThat(files).noneMatch(file -> file.toString().endsWith(".partial"));
      }
    }
  }

  private static List<LogEntry> entries(Path root) {
    List<LogEntry> entries = new ArrayList<>();
    try (RolloutLogReader reader = RolloutLogReader.open(root.resolve("segments"))) {
      for (var entry = reader.next(); entry.isPresent(); entry = reader.next()) {
        entries.add(entry.get());
      }
    }
    return entries;
  }

  private static List<LogEntry> all() {
    var records = new RandomRecords(16);
    List<LogEntry> entries = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      entries.add(
          i % 3 == 2
              ? new LogEntry.StepRecorded(records.step(), OptionalDouble.of((double) i))
              : new LogEntry.GroupRecorded(records.scoredGroup()));
    }
    return entries;
  }

  private static ImageRef picture() {
    return new ImageRef(RecordingFolder.sha256(PIXELS), 1, 1, PIXELS.length);
  }

  private static Path image(Path root) {
    return root.resolve("images").resolve(RecordingFolder.sha256(PIXELS));
  }
}
