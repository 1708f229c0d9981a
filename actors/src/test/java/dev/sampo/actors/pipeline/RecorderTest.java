package dev.sampo.actors.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LogPlace;
import dev.sampo.protocol.log.Recording;
import dev.sampo.protocol.log.RecordingManifest;
import dev.sampo.protocol.log.RecordingWriter;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.BehaviorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RecorderTest {
  @TempDir private Path folder;
  private final ActorTestKit kit = LocalActors.kit();
  private final TestProbe<Recorder.Answer> asker = kit.createTestProbe();
  private final BlockingQueue<OptionalLong> oldest = new LinkedBlockingQueue<>();

  @AfterEach
  void stop() {
    kit.shutdownTestKit();
  }

  @Test
  void whatIsAnsweredCanBeRead() {
    ActorRef<Recorder.Command> recorder = recorder(writer());

    recorder.tell(new Recorder.KeepGroup(LocalActors.scored(1), asker.ref()));

    assertThat(Recording.open(folder).group(place())).isEqualTo(LocalActors.scored(1));
  }

  @Test
  void whatWaitsIsForcedToTheDiskAtOnceAndAnsweredInOrder() {
    BehaviorTestKit<Recorder.Command> recorder = alone(writer());
    TestInbox<Recorder.Answer> answers = TestInbox.create();

    recorder.run(new Recorder.KeepGroup(LocalActors.scored(1), answers.getRef()));
    recorder.run(new Recorder.KeepGroup(LocalActors.scored(2), answers.getRef()));
    recorder.run(new Recorder.KeepStep(step(), OptionalDouble.empty(), answers.getRef()));
    assertThat(answers.hasMessages()).isFalse();
    recorder.runOne();

    assertThat(recorder.selfInbox().hasMessages()).as("one sync for all of them").isFalse();
    List<LogPlace> places = answers.getAllReceived().stream().map(RecorderTest::placeOf).toList();
    Recording recording = Recording.open(folder);
    assertThat(recording.group(places.get(0))).isEqualTo(LocalActors.scored(1));
    assertThat(recording.group(places.get(1))).isEqualTo(LocalActors.scored(2));
    assertThat(recording.steps().last()).isEqualTo(1);
  }

  /** Its prompt could never be shown to the learner again. */
  @Test
  void aGroupWhoseImageHasGoneIsRefusedAndTheNextOneIsKept() {
    ImageRef image = new ImageRef("ef".repeat(32), 28, 28, 3);
    ActorRef<Recorder.Command> recorder = recorder(writer());

    recorder.tell(new Recorder.KeepGroup(showing(image), asker.ref()));
    recorder.tell(new Recorder.KeepGroup(LocalActors.scored(2), asker.ref()));

    asker.expectMessage(
        new Recorder.Refused("train.jsonl:1: image " + image.sha256() + " has gone"));
    assertThat(Recording.open(folder).group(place())).isEqualTo(LocalActors.scored(2));
  }

  @Test
  void theRecordingIsClosedWithItsRecorder() {
    RecordingWriter writer = writer();
    ActorRef<Recorder.Command> recorder = recorder(writer);

    kit.stop(recorder);

    assertThatThrownBy(() -> writer.append(LocalActors.scored(1)))
        .hasRootCauseInstanceOf(ClosedChannelException.class);
  }

  @Test
  void withoutARecordingEverybodyIsAnsweredWithoutAPlace() {
    ActorRef<Recorder.Command> recorder =
        kit.spawn(Recorder.create(Optional.empty(), hash -> Optional.empty()));

    recorder.tell(new Recorder.KeepGroup(LocalActors.scored(1), asker.ref()));
    recorder.tell(new Recorder.KeepStep(step(), OptionalDouble.empty(), asker.ref()));

    asker.expectMessage(new Recorder.Done(Optional.empty()));
    asker.expectMessage(new Recorder.Done(Optional.empty()));
  }

  /** Every entry begins a segment; deleting takes its time. */
  @Test
  void nobodyWaitsForWhatIsDropped() throws IOException {
    RecordingWriter writer = writer();
    writer.keepOnlyAfter(this::nextOldest, 0);
    ActorRef<Recorder.Command> recorder = recorder(writer);

    recorder.tell(new Recorder.KeepGroup(LocalActors.scored(1), asker.ref()));
    LogPlace _ = place();
    oldest.add(OptionalLong.empty());
    recorder.tell(new Recorder.KeepStep(step(), OptionalDouble.empty(), asker.ref()));
    LogPlace _ = place();
    oldest.add(OptionalLong.of(1));
    recorder.tell(new Recorder.KeepGroup(LocalActors.scored(2), asker.ref()));
    LogPlace _ = place();
    oldest.add(OptionalLong.of(1));

    try (Stream<Path> segments = Files.list(folder.resolve("segments"))) {
      assertThat(segments.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("000003.seg", "000004.seg");
    }
    oldest.add(OptionalLong.of(1)); // asked once more when the recording is closed
  }

  private OptionalLong nextOldest() {
    try {
      return oldest.take();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private LogPlace place() {
    return placeOf(asker.receiveMessage());
  }

  private static LogPlace placeOf(Recorder.Answer answer) {
    return ((Recorder.Done) answer).place().orElseThrow();
  }

  private static ScoredGroup showing(ImageRef image) {
    ScoredGroup scored = LocalActors.scored(1);
    CompletionGroup group = scored.group();
    Prompt prompt = group.prompt();
    return new ScoredGroup(
        new CompletionGroup(
            group.lease(),
            new Prompt(prompt.source(), prompt.task(), prompt.text(), List.of(image), "", Map.of()),
            group.promptTokens(),
            group.imageGrids(),
            group.sampling(),
            group.seed(),
            group.completions(),
            group.worker()),
        scored.scores());
  }

  private ActorRef<Recorder.Command> recorder(RecordingWriter writer) {
    return kit.spawn(Recorder.create(Optional.of(writer), hash -> Optional.empty()));
  }

  private static BehaviorTestKit<Recorder.Command> alone(RecordingWriter writer) {
    return BehaviorTestKit.create(Recorder.create(Optional.of(writer), hash -> Optional.empty()));
  }

  private RecordingWriter writer() {
    String hash = "ab".repeat(32);
    return RecordingWriter.open(
        folder,
        new RecordingManifest(
            RecordingManifest.FORMAT_VERSION,
            "run",
            "sampo {}",
            hash,
            hash,
            hash,
            "2.7.1",
            "AVX2",
            1,
            1),
        1); // a segment each
  }

  private static StepCommitted step() {
    return new StepCommitted(
        new PolicyVersion("run", 1, 1, "cd".repeat(32)), List.of(new GroupId(1)), List.of(1), 1e-3);
  }
}
