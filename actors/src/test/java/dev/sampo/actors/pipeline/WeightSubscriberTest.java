package dev.sampo.actors.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.WeightDelta;
import dev.sampo.protocol.WeightShard;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files are always there. */
class WeightSubscriberTest {
  @TempDir private Path folder;
  private final ActorTestKit kit = LocalActors.kit();
  private final TestProbe<RolloutWorker.Command> worker = kit.createTestProbe();
  private final TestProbe<WeightBoard.Command> board = kit.createTestProbe();
  private ActorRef<WeightPublisher.Announced> ear =
      kit.<WeightPublisher.Announced>createTestProbe().ref();

  @BeforeEach
  void start() {
    kit.spawn(
        WeightSubscriber.create(
            worker.ref(),
            new Services<>(),
            board.ref(),
            (urls, sha256, target) -> CompletableFuture.completedFuture(target),
            folder));
    ear = board.expectMessageClass(WeightBoard.Listen.class).ear();
  }

  @AfterEach
  void stop() {
    kit.shutdownTestKit();
  }

  @Test
  void aLaterTermCountsThoughItHasFewerStepsAndTheEarlierOneIsFenced() {
    hear(version(1, 5), Optional.empty());
    installs(version(1, 5));

    hear(version(2, 3), Optional.empty());
    installs(version(2, 3));

    hear(version(1, 6), Optional.of(version(1, 5)));
    hear(version(1, 7), Optional.empty());
    worker.expectNoMessage(Duration.ofMillis(100));
    hear(version(2, 4), Optional.of(version(2, 3)));
    installs(version(2, 4));
  }

  private void hear(PolicyVersion version, Optional<PolicyVersion> base) {
    WeightShard shard = new WeightShard("shard", "hash", 1);
    ear.tell(
        new WeightPublisher.Announced(
            new WeightDelta(version, base, List.of(shard)), List.of("u")));
  }

  private void installs(PolicyVersion version) {
    RolloutWorker.Install install = worker.expectMessageClass(RolloutWorker.Install.class);
    assertThat(install.delta().version()).isEqualTo(version);
    install.replyTo().tell(new WeightSubscriber.Installed(install.delta()));
  }

  private static PolicyVersion version(int term, long step) {
    return new PolicyVersion("run", term, step, "hash");
  }
}
