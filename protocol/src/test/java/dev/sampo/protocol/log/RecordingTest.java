package dev.sampo.protocol.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ImageGrid;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.LogProbs;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.StopReason;
import dev.sampo.protocol.TokenIds;
import dev.sampo.protocol.VersionSpan;
import dev.sampo.protocol.ledger.LogPlace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordingTest {
  private static final byte[] PIXELS = "a picture".getBytes(UTF_8);
  private static final ImageRef IMAGE = image(PIXELS);
  private static final RecordingManifest MANIFEST =
      new RecordingManifest(
          2, "run-1", "sampo {}", hash('a'), hash('b'), hash('c'), "2.7.1", "AVX2", 1, 1);

  private static final RecordingManifest OTHER =
      new RecordingManifest(
          2, "run-1", "sampo {}", hash('d'), hash('b'), hash('c'), "2.7.1", "AVX2", 1, 1);

  private static final OptionalDouble LOSS = OptionalDouble.of(0.125);

  @TempDir Path root;

  @Test
  void completeRecordingVerifiesAndGivesItsSteps() {
    try (RecordingWriter writer = writer()) {
      writer.store(IMAGE, PIXELS);
      writer.append(group(0, 1));
      writer.append(group(1, 1));
      writer.append(step(1, 1, 1, 0), LOSS);
    }

    Recording recording = Recording.open(root);

    assertThat(recording.verify())
        .isEqualTo(
            new RecordingReport(
                2,
                1,
                0,
                Optional.of(new RecordingReport.Range(1, 1)),
                0,
                new RecordingReport.NotTrained(0, 0, 0),
                new Spread(2, 0, 0, 0, 0),
                new Spread(2, 2, 2, 2, 2),
                List.of()));
    assertThat(recording.manifest()).isEqualTo(MANIFEST);
    assertThat(recording.image(IMAGE.sha256())).isEqualTo(PIXELS);
    assertThat(steps(recording))
        .containsExactly(
            new RecordedStep(step(1, 1, 1, 0), LOSS, List.of(group(1, 1), group(0, 1))));
  }

  @Test
  void stepIsGivenTheAttemptThatWasRecordedLastBeforeIt() {
    try (RecordingWriter writer = writer()) {
      writer.store(IMAGE, PIXELS);
      writer.append(group(0, 1));
      writer.append(group(0, 2));
      writer.append(step(1, 1, 0), LOSS);
      writer.append(group(0, 3));
    }

    assertThat(steps(Recording.open(root)))
        .extracting(RecordedStep::groups)
        .containsExactly(List.of(group(0, 2)));
  }

  @Test
  void aGroupIsReadFromThePlaceThatAppendingNamed() {
    LogPlace first;
    LogPlace second;
    try (RecordingWriter writer = RecordingWriter.open(root, MANIFEST, 1)) { // a segment each
      first = writer.append(group(0, 1));
      second = writer.append(group(1, 1));
    }

    Recording recording = Recording.open(root);

    assertThat(recording.group(first)).isEqualTo(group(0, 1));
    assertThat(recording.group(second)).isEqualTo(group(1, 1));
    assertThatThrownBy(() -> recording.group(new LogPlace(second.segment() + 1, 8)))
        .isInstanceOf(RecordingException.class);
    assertThatThrownBy(() -> recording.group(new LogPlace(0, first.offset() + 1)))
        .isInstanceOf(RecordingException.class);
  }

  @Test
  void stepsOfANewTermReplaceTheAbandonedOnes() {
    try (RecordingWriter writer = writer()) {
      writer.store(IMAGE, PIXELS);
      writer.append(group(0, 1));
      writer.append(step(1, 1, 0), LOSS);
      writer.append(step(1, 2, 0), LOSS);
      writer.append(step(1, 3, 0), LOSS);
      writer.append(step(2, 2, 0), LOSS);
    }

    Recording recording = Recording.open(root);

    assertThat(recording.verify().problems()).isEmpty();
    assertThat(recording.verify().numAbandoned()).isEqualTo(2);
    assertThat(steps(recording))
        .extracting(RecordedStep::step)
        .containsExactly(step(1, 1, 0), step(2, 2, 0));
  }

  /** Killed between recording and ledger, twice; the groups need not be the same ones. */
  @Test
  void theLastStepMayBeTakenAgainAndThenCountsAsItWasTakenLast() {
    try (RecordingWriter writer = writer()) {
      writer.store(IMAGE, PIXELS);
      writer.append(group(0, 1));
      writer.append(group(1, 1));
      writer.append(step(1, 1, 0), LOSS);
      writer.append(step(1, 2, 0), LOSS);
      writer.append(step(1, 2, 0), LOSS);
      writer.append(step(1, 2, 1), LOSS);
      writer.append(step(1, 3, 0), LOSS);
    }

    Recording recording = Recording.open(root);

    assertThat(recording.verify().problems()).isEmpty();
    assertThat(recording.verify().numAbandoned()).isZero();
    assertThat(steps(recording))
        .extracting(RecordedStep::step)
        .containsExactly(step(1, 1, 0), step(1, 2, 1), step(1, 3, 0));
  }

  @Test
  void aStepBeforeTheLastIsNotTakenAgainWithinItsTerm() {
    try (RecordingWriter writer = writer()) {
      writer.store(IMAGE, PIXELS);
      writer.append(group(0, 1));
      writer.append(step(1, 1, 0), LOSS);
      writer.append(step(1, 2, 0), LOSS);
      writer.append(step(1, 1, 0), LOSS);
    }

    assertThat(Recording.open(root).verify().problems()).containsExactly("step 1 follows step 2");
  }

  @Test
  void stepsAreReadFromAnyToAny() {
    try (RecordingWriter writer = writer()) {
      writer.store(IMAGE, PIXELS);
      for (int i = 1; i <= 5; i++) {
        writer.append(group(i, 1));
        writer.append(step(1, i, i), LOSS);
      }
    }

    RecordedSteps steps = Recording.open(root).steps();

    assertThat(List.of(steps.first(), steps.last())).containsExactly(1L, 5L);
    assertThat(steps.step(3)).contains(step(1, 3, 3));
    assertThat(steps.step(6)).isEmpty();
    assertThat(numbers(steps, 2, 4)).containsExactly(2L, 3L, 4L);
    assertThat(numbers(steps, 5, 9)).containsExactly(5L);
    assertThat(numbers(steps, 4, 3)).isEmpty();
  }

  /** Whoever goes on late in a long run does not read all of it. */
  @Test
  void laterStepsAreFoundWithoutReadingBehindTheirOldestGroup() throws IOException {
    try (RecordingWriter writer = RecordingWriter.open(root, MANIFEST, 1)) { // a segment each
      writer.store(IMAGE, PIXELS);
      writer.append(group(1, 1));
      writer.append(step(1, 1, 1), LOSS);
      writer.append(group(4, 1)); // waits for three steps
      writer.append(group(2, 1));
      writer.append(step(1, 2, 2), LOSS);
      writer.append(group(3, 1));
      writer.append(step(1, 3, 3), LOSS);
      writer.append(step(1, 4, 4), LOSS);
      writer.append(group(3, 2));
      writer.append(step(2, 3, 3), LOSS); // abandons the steps before
      writer.append(step(2, 4, 4), LOSS);
    }
    Path unneeded = root.resolve("segments/000002.seg");
    byte[] bytes = Files.readAllBytes(unneeded);
    bytes[bytes.length - 1] ^= 1;
    Files.write(unneeded, bytes);
    Recording recording = Recording.open(root);

    assertThat(recording.steps(2).toList())
        .containsExactly(
            new RecordedStep(step(2, 3, 3), LOSS, List.of(group(3, 2))),
            new RecordedStep(step(2, 4, 4), LOSS, List.of(group(4, 1))));
    assertThat(recording.steps(3).toList()).extracting(RecordedStep::number).containsExactly(4L);
    assertThat(recording.stepsAfter(4).isEmpty()).isTrue();
    assertThatThrownBy(recording::steps)
        .isInstanceOf(RecordingException.class)
        .hasMessageContaining(unneeded.toString());
  }

  @Test
  void whyGroupsWereNotTrainedOnIsCounted() {
    try (RecordingWriter writer = writer()) {
      writer.store(IMAGE, PIXELS);
      for (int i = 0; i < 5; i++) {
        writer.append(group(i, 1));
      }
      writer.append(group(4, 2));
      writer.append(step(1, 1, 0), LOSS);
      writer.append(step(1, 2, 1, 4), LOSS);
      writer.append(step(2, 2, 4), LOSS);
    }

    assertThat(Recording.open(root).verify().notTrained())
        .isEqualTo(new RecordingReport.NotTrained(1, 1, 2));
  }

  @Test
  void stepOnTokensThatItsRecordingCannotExplainIsAFault() {
    try (RecordingWriter writer = writer()) {
      writer.store(IMAGE, PIXELS);
      writer.append(group(0, 1, new PolicyVersion("run-1", 1, 0, hash('f'))));
      writer.append(group(1, 1, new PolicyVersion("run-1", 1, 2, hash('e'))));
      writer.append(step(1, 1, 0), LOSS);
      writer.append(step(1, 2, 1), LOSS);
      writer.append(
          new StepCommitted(
              new PolicyVersion("run-1", 1, 3, hash('e')),
              List.of(new GroupId(1)),
              List.of(2),
              1e-3),
          LOSS);
    }

    assertThat(Recording.open(root).verify().problems())
        .satisfiesExactly(
            other -> assertThat(other).startsWith("step 1: tokens of group 0 are of step 0"),
            early -> assertThat(early).startsWith("step 2: tokens of group 1 are of step 2"),
            packing ->
                assertThat(packing).isEqualTo("step 3: the packing [2] is not one of 1 groups"));
  }

  @Test
  void recordingOfFormat1IsReadAndNotAppendedTo() throws IOException {
    try (RecordingWriter writer = writer()) {
      writer.store(IMAGE, PIXELS);
      writer.append(group(0, 1));
    }
    Path manifest = root.resolve("manifest.json");
    Files.writeString(
        manifest,
        Files.readString(manifest).replace("\"formatVersion\" : 2", "\"formatVersion\" : 1"));

    assertThat(Recording.open(root).verify().problems()).isEmpty();
    assertThatThrownBy(this::writer)
        .isInstanceOf(RecordingException.class)
        .hasMessageContaining("has format version 1, which can be read and not appended to");
  }

  @Test
  void whatIsMissingIsNamed() {
    try (RecordingWriter writer = writer()) {
      writer.append(group(0, 1));
      writer.append(step(1, 1, 0, 5), LOSS);
      writer.append(step(1, 3, 0), LOSS);
    }

    Recording recording = Recording.open(root);

    assertThat(recording.verify().problems())
        .satisfiesExactly(
            image -> assertThat(image).contains("group 0: image").endsWith("is missing"),
            group -> assertThat(group).isEqualTo("step 1: group 5 is not recorded before it"),
            gap -> assertThat(gap).isEqualTo("step 3 follows step 1"));
    assertThatThrownBy(() -> steps(recording))
        .isInstanceOf(RecordingException.class)
        .hasMessageContaining("step 1 was trained on group 5, which is not recorded before it");
  }

  @Test
  void changedImageIsFound() throws IOException {
    try (RecordingWriter writer = writer()) {
      writer.store(IMAGE, PIXELS);
      writer.append(group(0, 1));
    }
    Files.writeString(root.resolve("images").resolve(IMAGE.sha256()), "another picture");

    assertThat(Recording.open(root).verify().problems())
        .singleElement()
        .asString()
        .contains("is damaged: its bytes have the hash");
  }

  @Test
  void damagedLogIsAProblemOfTheReportAndNotACrash() throws IOException {
    try (RecordingWriter writer = writer()) {
      writer.store(IMAGE, PIXELS);
      writer.append(group(0, 1));
      writer.append(group(1, 1));
    }
    Path segment = root.resolve("segments/000001.seg");
    byte[] bytes = Files.readAllBytes(segment);
    bytes[bytes.length / 3] ^= 1;
    Files.write(segment, bytes);

    assertThat(Recording.open(root).verify().problems())
        .singleElement()
        .asString()
        .contains("000001.seg is damaged at byte 24");
  }

  @Test
  void aRecordingThatIsLostBeginsAnewWhereItIsToldTo() throws IOException {
    try (RecordingWriter writer = RecordingWriter.open(root, MANIFEST, 1)) {
      recordSteps(writer, 3);
    }
    for (String name : segments()) {
      Files.delete(root.resolve("segments").resolve(name));
    }
    RecordingStart begin = new RecordingStart(2, "weights", 8);

    for (int opened = 0; opened < 2; opened++) {
      try (RecordingWriter writer = RecordingWriter.open(root, MANIFEST, 1 << 20, begin)) {
        assertThat(writer.isNew()).isEqualTo(opened == 0);
        if (opened == 0) {
          writer.store(IMAGE, PIXELS);
          writer.append(group(9, 1));
          writer.append(step(1, 3, 9), LOSS);
        }
      }
    }

    assertThat(segments()).containsExactly("000008.seg");
    Recording recording = Recording.open(root);
    assertThat(recording.start()).isEqualTo(begin);
    assertThat(recording.verify().problems()).isEmpty();
    assertThat(recording.steps().first()).isEqualTo(3);
    try (RolloutLogReader reader = recording.entries()) {
      assertThat(reader.find(new LogPlace(0, 24))).as("of the lost one").isEmpty();
    }
  }

  @Test
  void aRecordingThatIsThereGoesOnWhereItEnds() {
    try (RecordingWriter writer = writer()) {
      recordSteps(writer, 2);
    }

    RecordingStart begin = new RecordingStart(1, "weights", 8);
    RecordingWriter.open(root, MANIFEST, 1 << 20, begin).close();

    assertThat(segments()).containsExactly("000001.seg");
    assertThat(Recording.open(root).start().step()).isZero();
  }

  @Test
  void whetherAStepIsRecordedIsReadFromTheEnd() throws IOException {
    try (RecordingWriter writer = RecordingWriter.open(root, MANIFEST, 1)) {
      recordSteps(writer, 3);
    }
    Recording recording = Recording.open(root);
    Files.write(root.resolve("segments/000001.seg"), new byte[100]);

    assertThat(recording.hasStep(3)).isTrue();
    assertThat(recording.hasStep(2)).isTrue();
    assertThat(recording.hasStep(4)).isFalse();
  }

  @Test
  void stepsThatWereTakenBackAreNotRecorded() {
    try (RecordingWriter writer = RecordingWriter.open(root, MANIFEST, 1)) {
      recordSteps(writer, 3);
      writer.append(group(9, 1));
      writer.append(step(2, 2, 9), LOSS);
    }

    assertThat(Recording.open(root).hasStep(2)).isTrue();
    assertThat(Recording.open(root).hasStep(3)).isFalse();
  }

  @Test
  void imageIsStoredOnceAndOnlyWithItsOwnBytes() {
    try (RecordingWriter writer = writer()) {
      assertThat(writer.has(IMAGE)).isFalse();
      assertThatThrownBy(() -> writer.store(IMAGE, "forged".getBytes(UTF_8)))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(writer.has(IMAGE)).isFalse();
      writer.store(IMAGE, PIXELS);
      assertThat(writer.has(IMAGE)).isTrue();
    }
  }

  /** As a run leaves it that was interrupted before its first group. */
  @Test
  void aRecordingOfNothingBecomesThatOfWhoeverBegins() {
    writer().close();

    RecordingWriter.open(root, OTHER, 1 << 20).close();

    assertThat(Recording.open(root).manifest()).isEqualTo(OTHER);
  }

  @Test
  void anotherModelIsNotRecordedIntoTheSameFolder() {
    try (RecordingWriter writer = writer()) {
      writer.append(group(0, 1));
    }

    assertThatThrownBy(() -> RecordingWriter.open(root, OTHER, 1 << 20))
        .isInstanceOf(RecordingException.class)
        .hasMessageContaining("records run run-1 with other weights");
  }

  @Test
  void folderOfAnotherFormatOrWithoutManifestIsRefused() throws IOException {
    assertThatThrownBy(() -> Recording.open(root))
        .isInstanceOf(RecordingException.class)
        .hasMessageContaining("is not a recording");
    writer().close();
    Path manifest = root.resolve("manifest.json");
    Files.writeString(
        manifest,
        Files.readString(manifest).replace("\"formatVersion\" : 2", "\"formatVersion\" : 9"));
    assertThatThrownBy(() -> Recording.open(root))
        .isInstanceOf(RecordingException.class)
        .hasMessageContaining("has format version 9, this program reads versions 1 to 2");
    Files.writeString(manifest, "{");
    assertThatThrownBy(() -> Recording.open(root))
        .isInstanceOf(RecordingException.class)
        .hasMessageContaining("is not a manifest");
  }

  @Test
  void whatLaterStepsDoNotNeedIsDroppedWithItsImages() throws IOException {
    try (RecordingWriter writer = RecordingWriter.open(root, MANIFEST, 1)) {
      recordSteps(writer, 4);

      writer.keepOnlyAfter(() -> OptionalLong.of(2), 1);
      writer.dropNeedless();
      writer.store(image(pictureOf(9)), pictureOf(9));
      writer.append(group(9, 1, pictureOf(9)));
    }

    Recording recording = Recording.open(root);
    assertThat(recording.start().step()).isEqualTo(2);
    assertThat(recording.start().weightsHash()).isEqualTo(hash('e'));
    assertThat(segments()).first().isEqualTo("000006.seg");
    assertThat(images()).isEqualTo(sorted(3, 4, 9));
    assertThat(recording.verify().problems()).isEmpty();
    assertThat(recording.verify().steps()).contains(new RecordingReport.Range(3, 4));
    assertThat(steps(recording)).extracting(RecordedStep::number).containsExactly(3L, 4L);
  }

  /** Dropping is quick however much there is: it is known what is needed. */
  @Test
  void whatIsDroppedIsNotReadForIt() throws IOException {
    try (RecordingWriter writer = RecordingWriter.open(root, MANIFEST, 1)) {
      writer.keepOnlyAfter(() -> OptionalLong.of(2), 0);
      recordSteps(writer, 3);
      Files.writeString(root.resolve("segments/000002.seg"), "damaged");

      writer.dropNeedless();

      assertThat(segments()).containsExactly("000006.seg", "000007.seg");
      assertThat(images()).isEqualTo(sorted(3));
    }
    assertThat(Recording.open(root).verify().problems()).isEmpty();
  }

  @Test
  void groupThatALaterStepMayTakeKeepsItsSegment() {
    try (RecordingWriter writer = RecordingWriter.open(root, MANIFEST, 1)) {
      writer.store(IMAGE, PIXELS);
      writer.append(group(8, 1));
      recordSteps(writer, 2);

      writer.keepOnlyAfter(() -> OptionalLong.of(2), 2);
      writer.dropNeedless();
      assertThat(segments()).first().isEqualTo("000002.seg");

      writer.append(group(9, 1));
      writer.append(step(1, 3, 9), LOSS);
      writer.keepOnlyAfter(() -> OptionalLong.of(3), 2);
      writer.dropNeedless();
      assertThat(segments()).containsExactly("000008.seg");
    }
  }

  @Test
  void droppingThatACrashHasCutShortIsFinishedWhenTheRecordingIsOpened() throws IOException {
    try (RecordingWriter writer = RecordingWriter.open(root, MANIFEST, 1)) {
      recordSteps(writer, 3);
      Path before = Files.createDirectory(root.resolve("before"));
      for (String name : List.of("000002.seg", "000003.seg")) {
        Files.copy(root.resolve("segments").resolve(name), before.resolve(name));
      }
      writer.keepOnlyAfter(() -> OptionalLong.of(1), 0);
      writer.dropNeedless();
      for (String name : List.of("000002.seg", "000003.seg")) {
        Files.copy(before.resolve(name), root.resolve("segments").resolve(name));
      }
      writer.store(image(pictureOf(1)), pictureOf(1));
    }
    assertThat(Recording.open(root).verify().problems()).isEmpty();

    RecordingWriter.open(root, MANIFEST, 1).close();

    assertThat(segments()).first().isEqualTo("000004.seg");
    assertThat(images()).isEqualTo(sorted(2, 3));
  }

  /** Step i is trained on group i, which has a picture of its own, sampled by the first weights. */
  private static void recordSteps(RecordingWriter writer, int count) {
    for (int i = 1; i <= count; i++) {
      writer.store(image(pictureOf(i)), pictureOf(i));
      writer.append(group(i, 1, pictureOf(i)));
      writer.append(step(1, i, i), LOSS);
      writer.sync();
    }
  }

  private static byte[] pictureOf(int group) {
    return ("picture " + group).getBytes(UTF_8);
  }

  private static List<String> sorted(int... groups) {
    return Arrays.stream(groups)
        .mapToObj(group -> image(pictureOf(group)).sha256())
        .sorted()
        .toList();
  }

  private List<String> segments() {
    return names("segments");
  }

  private List<String> images() {
    return names("images");
  }

  private List<String> names(String folder) {
    try (Stream<Path> files = Files.list(root.resolve(folder))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private RecordingWriter writer() {
    return RecordingWriter.open(root, MANIFEST, 1 << 20);
  }

  private static List<RecordedStep> steps(Recording recording) {
    try (Stream<RecordedStep> steps = recording.steps(0)) {
      return steps.toList();
    }
  }

  private static List<Long> numbers(RecordedSteps steps, long from, long to) {
    try (Stream<RecordedStep> read = steps.read(from, to)) {
      return read.map(RecordedStep::number).toList();
    }
  }

  private static StepCommitted step(int term, long step, long... groups) {
    return new StepCommitted(
        new PolicyVersion("run-1", term, step, hash('e')),
        Arrays.stream(groups).mapToObj(GroupId::new).toList(),
        List.of(groups.length),
        1e-3);
  }

  private static ScoredGroup group(long id, int attempt) {
    return group(id, attempt, new PolicyVersion("run-1", 1, 0, hash('a')));
  }

  private static ScoredGroup group(long id, int attempt, PolicyVersion version) {
    return group(id, attempt, version, IMAGE);
  }

  private static ScoredGroup group(long id, int attempt, byte[] picture) {
    return group(id, attempt, new PolicyVersion("run-1", 1, 0, hash('a')), image(picture));
  }

  private static ScoredGroup group(long id, int attempt, PolicyVersion version, ImageRef image) {
    var completion =
        new Completion(
            TokenIds.of(5, 6),
            LogProbs.of(-1, -2),
            List.of(new VersionSpan(0, version)),
            StopReason.END_OF_TURN,
            "hi");
    var prompt = new Prompt("rows:1", "rec", "where?", List.of(image), "here", Map.of());
    return new ScoredGroup(
        new CompletionGroup(
            new LeaseId(1, new GroupId(id), attempt),
            prompt,
            TokenIds.of(1, 2, 3),
            List.of(new ImageGrid(1, 4, 4, OptionalInt.of(14))),
            SamplingSettings.atTemperature(1, 4),
            42,
            List.of(completion),
            "worker"),
        List.of(
            new CompletionScore(
                Map.of("iou", new RewardOutcome.Scored(0.5)), OptionalDouble.of(0.5))));
  }

  private static ImageRef image(byte[] bytes) {
    return new ImageRef(RecordingFolder.sha256(bytes), 8, 8, bytes.length);
  }

  private static String hash(char letter) {
    return String.valueOf(letter).repeat(64);
  }
}
