package dev.sampo.actors.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.WeightDelta;
import dev.sampo.protocol.WeightShard;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.LoggingTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.ManualTime;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Time stands still unless a test says otherwise. */
class WeightSubscriberTest {
  @TempDir private Path folder;
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private final ActorTestKit kit =
      ActorTestKit.create(
          ManualTime.config()
              .withFallback(ConfigFactory.parseString("pekko.actor.provider = local"))
              .withFallback(ConfigFactory.load()));
  private final ManualTime time = ManualTime.get(kit.system());
  private CompletableFuture<Path> transfer = CompletableFuture.completedFuture(Path.of("file"));
  private final TestProbe<RolloutWorker.Command> worker = kit.createTestProbe();
  private final TestProbe<WeightBoard.Command> board = kit.createTestProbe();
  private final TestProbe<WeightPublisher.Command> publisher = kit.createTestProbe();
  private final Services<WeightPublisher.Command> publishers = new Services<>();
  private ActorRef<WeightPublisher.Announced> ear =
      kit.<WeightPublisher.Announced>createTestProbe().ref();
  private ActorRef<WeightSubscriber.Command> subscriber =
      kit.<WeightSubscriber.Command>createTestProbe().ref();

  @BeforeEach
  void start() {
    publishers.update(List.of(publisher.ref()));
    subscriber =
        kit.spawn(
            WeightSubscriber.create(
                worker.ref(),
                publishers,
                board.ref(),
                (urls, sha256, target) -> transfer,
                folder,
                Optional.of(PATIENCE)));
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

  /** It would hold weights of no use to anybody, and believe that they are the newest. */
  @Test
  void whatALearnerOfAnEarlierTermSaysIsFencedBeforeTheNewWeightsAreThere() {
    hear(version(1, 5), Optional.empty());
    installs(version(1, 5));
    transfer = CompletableFuture.failedFuture(new IllegalStateException("answered 503"));
    hear(version(2, 3), Optional.empty());
    publisher.expectMessageClass(WeightPublisher.SnapshotWanted.class);
    transfer = CompletableFuture.completedFuture(Path.of("file"));

    hear(version(1, 6), Optional.empty());
    worker.expectNoMessage(Duration.ofMillis(100));

    hear(version(2, 3), Optional.empty());
    installs(version(2, 3));
  }

  @Test
  void aWorkerThatHearsOfNoWeightsGivesUpAndSaysSo() {
    assertGivesUp(
        "waited 1m30s (node.patience) for weights: no version was announced, is there a learner in"
            + " the cluster?",
        () -> time.timePasses(PATIENCE));
  }

  @Test
  void aWorkerThatCannotHaveTheNextWeightsGivesUpAndSaysWhy() {
    hear(version(1, 5), Optional.empty());
    installs(version(1, 5));
    time.timePasses(PATIENCE.multipliedBy(3)); // nothing newer is there to wait for

    transfer = CompletableFuture.failedFuture(new IllegalStateException("answered 503"));
    hear(version(1, 6), Optional.of(version(1, 5)));
    publisher.expectMessageClass(WeightPublisher.SnapshotWanted.class);
    assertGivesUp(
        "waited 1m30s (node.patience) for weights: version 6 is unusable: answered 503",
        () -> time.timePasses(PATIENCE));
  }

  @Test
  void aPublisherThatAnswersThatThereAreNoneYetIsWaitedFor() {
    LoggingTestKit.info("waits for weights: recovering")
        .withOccurrences(1)
        .expect(
            kit.system(),
            () -> {
              for (int i = 0; i < 20; i++) {
                answerThatThereAreNoneYet();
              }
              return true;
            });
    hear(version(1, 5), Optional.empty());
    installs(version(1, 5));
    time.timePasses(PATIENCE.multipliedBy(3));
    hear(version(1, 6), Optional.of(version(1, 5)));
    installs(version(1, 6));
  }

  @Test
  void patienceBeginsWhenNobodyAnswersAnyMore() {
    for (int i = 0; i < 20; i++) {
      answerThatThereAreNoneYet();
    }
    time.timePasses(PATIENCE.dividedBy(3));
    publisher.expectMessageClass(WeightPublisher.SnapshotWanted.class); // the last answer is there
    assertGivesUp(
        "waited 1m30s (node.patience) for weights: no answer any more, the last one was:"
            + " recovering",
        () -> time.timePasses(PATIENCE));
  }

  /** Time goes on until the subscriber asks, which it does several times within its patience. */
  private void answerThatThereAreNoneYet() {
    time.timePasses(PATIENCE.dividedBy(3));
    var wanted = publisher.expectMessageClass(WeightPublisher.SnapshotWanted.class);
    wanted.subscriber().tell(new WeightPublisher.Later("recovering"));
  }

  @Test
  void aTransferThatGoesOnIsNotCutOff() {
    transfer = new CompletableFuture<>();
    hear(version(1, 5), Optional.empty());
    time.timePasses(PATIENCE.multipliedBy(3));
    transfer.complete(Path.of("file"));
    installs(version(1, 5));
  }

  private void assertGivesUp(String message, Runnable doing) {
    LoggingTestKit.error(WaitedTooLongException.class)
        .withLoggerName("org.apache.pekko.actor.SupervisorStrategy")
        .withMessageContains(message)
        .expect(
            kit.system(),
            () -> {
              doing.run();
              worker.expectTerminated(subscriber);
              return true;
            });
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
