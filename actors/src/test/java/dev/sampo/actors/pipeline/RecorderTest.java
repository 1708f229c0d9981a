package dev.sampo.actors.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LogPlace;
import dev.sampo.protocol.log.Recording;
import dev.sampo.protocol.log.RecordingManifest;
import dev.sampo.protocol.log.RecordingWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
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
    return asker.expectMessageClass(Recorder.Done.class).place().orElseThrow();
  }

  private ActorRef<Recorder.Command> recorder(RecordingWriter writer) {
    return kit.spawn(Recorder.create(Optional.of(writer), hash -> Optional.empty()));
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
