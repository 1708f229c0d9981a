package dev.sampo.protocol.log;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.LogEntry;
import dev.sampo.protocol.LogProbs;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RandomRecords;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StopReason;
import dev.sampo.protocol.TokenIds;
import dev.sampo.protocol.VersionSpan;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RolloutLogTest {
  private static final long ONE_SEGMENT = 1L << 30;

  @TempDir Path folder;

  @Test
  void entriesComeBackInOrderAlsoAfterReopening() {
    List<LogEntry> entries = entries(1, 12);

    write(entries.subList(0, 5), ONE_SEGMENT);
    write(entries.subList(5, 12), ONE_SEGMENT);

    assertThat(read(folder)).isEqualTo(entries);
  }

  @Test
  void fullSegmentIsFollowedByTheNext() throws IOException {
    List<LogEntry> entries = entries(2, 20);

    write(entries.subList(0, 10), 2000);
    write(entries.subList(10, 20), 2000);

    assertThat(read(folder)).isEqualTo(entries);
    List<Path> segments = SegmentFolder.list(folder, 1).files();
    assertThat(segments).hasSizeGreaterThan(3);
    assertThat(segments.getFirst()).hasFileName("000001.seg");
    assertThat(segments.getFirst().toFile().length()).isBetween(2000L, 10_000L);
  }

  @Test
  void tailTornAtAnyByteIsCutAndTheLogGoesOn() throws IOException {
    List<LogEntry> entries = entries(3, 4);
    write(entries.subList(0, 2), ONE_SEGMENT);
    int start = (int) segment().toFile().length();
    write(entries.subList(2, 3), ONE_SEGMENT);
    byte[] whole = Files.readAllBytes(segment());

    for (int end = start; end < whole.length; end++) {
      Files.write(segment(), Arrays.copyOf(whole, end));

      try (RolloutLogReader reader = RolloutLogReader.open(folder)) {
        assertThat(drain(reader)).isEqualTo(entries.subList(0, 2));
        assertThat(reader.numTornBytes()).isEqualTo(end - start);
      }
      try (RolloutLog log = RolloutLog.open(folder, ONE_SEGMENT)) {
        assertThat(log.numCutBytes()).isEqualTo(end - start);
        log.append(entries.get(3));
      }
      assertThat(read(folder))
          .as("cut at byte %d of %d", end, whole.length)
          .containsExactly(entries.get(0), entries.get(1), entries.get(3));
    }
  }

  @Test
  void segmentTornWhileItWasCreatedIsStartedAgain() throws IOException {
    List<LogEntry> entries = entries(4, 2);
    write(entries.subList(0, 1), ONE_SEGMENT);
    long before = Files.size(segment());
    byte[] header = SegmentHeader.encode(2, before).array();

    for (int length = 0; length < header.length; length++) {
      Files.write(folder.resolve("000002.seg"), Arrays.copyOf(header, length));

      assertThat(read(folder)).isEqualTo(entries.subList(0, 1));
      write(entries.subList(1, 2), ONE_SEGMENT);

      assertThat(read(folder)).as("%d bytes of a header", length).isEqualTo(entries);
    }
  }

  @Test
  void zerosThatACrashLeavesBehindAreATornTail() throws IOException {
    List<LogEntry> entries = entries(5, 1);
    write(entries, ONE_SEGMENT);
    byte[] whole = Files.readAllBytes(segment());
    Files.write(segment(), Arrays.copyOf(whole, whole.length + 5000));

    assertThat(read(folder)).isEqualTo(entries);
    try (RolloutLog log = RolloutLog.open(folder, ONE_SEGMENT)) {
      assertThat(log.numCutBytes()).isEqualTo(5000);
    }
  }

  @Test
  void everyFlippedBitBeforeTheLastRecordIsFound() throws IOException {
    write(entries(6, 3), ONE_SEGMENT);
    int lastStart = (int) segment().toFile().length();
    write(entries(7, 1), ONE_SEGMENT);
    byte[] whole = Files.readAllBytes(segment());
    var random = new Random(8);

    for (int at = 0; at < lastStart; at++) {
      byte[] flipped = whole.clone();
      flipped[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(segment(), flipped);

      assertThatThrownBy(() -> read(folder))
          .as("byte %d", at)
          .isInstanceOf(RecordingException.class)
          .hasMessageContaining("000001.seg");
      assertThatThrownBy(() -> RolloutLog.open(folder, ONE_SEGMENT).close())
          .isInstanceOf(RecordingException.class);
    }
  }

  @Test
  void tornSegmentBeforeTheLastIsDamage() throws IOException {
    write(entries(9, 6), 2000);
    Path first = segment();
    byte[] whole = Files.readAllBytes(first);
    Files.write(first, Arrays.copyOf(whole, whole.length - 1));

    assertThatThrownBy(() -> read(folder))
        .isInstanceOf(RecordingException.class)
        .hasMessageContaining("000001.seg ends within the record at byte")
        .hasMessageEndingWith("it is not the last segment of the log");
  }

  @Test
  void segmentThatLostWholeRecordsSinceTheNextWasBegunIsDamage() throws IOException {
    List<LogEntry> entries = entries(13, 6);
    write(entries.subList(0, 1), ONE_SEGMENT);
    long oneRecord = Files.size(segment());
    write(entries.subList(1, 6), oneRecord + 1);
    assertThat(read(folder)).isEqualTo(entries);
    byte[] whole = Files.readAllBytes(segment());
    Files.write(segment(), Arrays.copyOf(whole, (int) oneRecord));

    assertThatThrownBy(() -> read(folder))
        .isInstanceOf(RecordingException.class)
        .hasMessageContaining("000001.seg has %d bytes, but it had %d", oneRecord, whole.length);
  }

  @Test
  void segmentUnderAnotherNumberIsDamage() throws IOException {
    write(entries(14, 9), 2000);
    Path third = folder.resolve("000003.seg");
    Files.copy(third, segment(), StandardCopyOption.REPLACE_EXISTING);

    assertThatThrownBy(() -> read(folder))
        .isInstanceOf(RecordingException.class)
        .hasMessageContaining("000001.seg holds segment 3 of a recording");
  }

  @Test
  void logOfFormat1IsReadToItsEnd() throws IOException {
    List<LogEntry> entries = entries(15, 4);
    write(entries, ONE_SEGMENT);
    byte[] now = Files.readAllBytes(segment());
    var then = new ByteArrayOutputStream();
    then.writeBytes("SAMPOSEG".getBytes(US_ASCII));
    then.write(now, SegmentHeader.LENGTH, now.length - SegmentHeader.LENGTH);
    Files.write(segment(), then.toByteArray());

    assertThat(read(folder)).isEqualTo(entries);
  }

  @Test
  void missingSegmentIsNamed() throws IOException {
    write(entries(10, 6), 2000);
    Files.delete(segment());

    assertThatThrownBy(() -> read(folder))
        .isInstanceOf(RecordingException.class)
        .hasMessageContaining("is missing, and there are segments after it, the last of them");
  }

  @Test
  void bigGroupComesBackAndIsCompressed() throws IOException {
    int length = 50_000;
    var version = new PolicyVersion("run", 1, 7, "0".repeat(64));
    var random = new Random(11);
    var completion =
        new Completion(
            TokenIds.of(random.ints(length, 0, 1000).toArray()),
            LogProbs.of(new float[length]),
            List.of(new VersionSpan(0, version)),
            StopReason.LENGTH,
            "text");
    CompletionGroup small = new RandomRecords(12).group();
    var group =
        new CompletionGroup(
            small.lease(),
            small.prompt(),
            small.promptTokens(),
            small.imageGrids(),
            small.sampling(),
            small.seed(),
            Stream.generate(() -> completion).limit(16).toList(),
            small.worker());
    var score = new CompletionScore(Map.of(), OptionalDouble.empty());
    LogEntry entry =
        new LogEntry.GroupRecorded(
            new ScoredGroup(group, Stream.generate(() -> score).limit(16).toList()));

    write(List.of(entry), ONE_SEGMENT);

    assertThat(read(folder)).containsExactly(entry);
    assertThat(segment().toFile().length()).isLessThan(16L * length * 8 / 4);
  }

  private Path segment() {
    return folder.resolve("000001.seg");
  }

  private void write(List<LogEntry> entries, long segmentBytes) {
    try (RolloutLog log = RolloutLog.open(folder, segmentBytes)) {
      entries.forEach(log::append);
    }
  }

  private static List<LogEntry> read(Path folder) {
    try (RolloutLogReader reader = RolloutLogReader.open(folder)) {
      return drain(reader);
    }
  }

  private static List<LogEntry> drain(RolloutLogReader reader) {
    List<LogEntry> entries = new ArrayList<>();
    for (var entry = reader.next(); entry.isPresent(); entry = reader.next()) {
      entries.add(entry.get());
    }
    return entries;
  }

  private static List<LogEntry> entries(long seed, int count) {
    var records = new RandomRecords(seed);
    List<LogEntry> entries = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      entries.add(
          i % 3 == 2
              ? new LogEntry.StepRecorded(records.step(), OptionalDouble.of((double) i))
              : new LogEntry.GroupRecorded(records.scoredGroup()));
    }
    return entries;
  }
}
