package dev.sampo.actors.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.protocol.CompletionScore;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.LoggingTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Reward worker and buffer are probed. */
class WayOutTest {
  private static final int CAPACITY = 2;

  private final ActorTestKit kit = LocalActors.kit();
  private final TestProbe<RewardWorker.Command> rewards = kit.createTestProbe();
  private final TestProbe<ExperienceBuffer.Command> buffer = kit.createTestProbe();
  private final BlockingQueue<WayOut.Outcome> outcomes = new LinkedBlockingQueue<>();
  private final Set<Long> unwanted = ConcurrentHashMap.newKeySet();
  private WayOut wayOut;

  @BeforeEach
  void start() {
    Services<RewardWorker.Command> scorers = new Services<>();
    scorers.update(List.of(rewards.getRef()));
    Services<ExperienceBuffer.Command> buffers = new Services<>();
    buffers.update(List.of(buffer.getRef()));
    wayOut =
        new WayOut(
            kit.system(),
            new WayOut.Setup(
                CAPACITY,
                new WayOutSettings(
                    1 << 20,
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(30),
                    Duration.ofMillis(1),
                    Duration.ZERO),
                scorers,
                buffers),
            lease -> !unwanted.contains(lease.group().value()),
            outcomes::add);
  }

  @AfterEach
  void stop() {
    wayOut.shutdown();
    kit.shutdownTestKit();
  }

  /** One that nobody can hand on takes no other with it, neither before nor after it. */
  @Test
  void aGroupThatFailsLeavesAloneAndTheOthersGoOn() throws InterruptedException {
    wayOut.send(LocalActors.group(1));
    RewardWorker.Score slow = rewards.expectMessageClass(RewardWorker.Score.class);
    wayOut.send(LocalActors.group(2));
    RewardWorker.Score wrong = rewards.expectMessageClass(RewardWorker.Score.class);
    wrong.replyTo().tell(scored(wrong, LocalActors.score(0))); // of two completions

    assertThat(next())
        .isInstanceOfSatisfying(
            WayOut.Outcome.Failed.class,
            failed -> {
              assertThat(failed.lease()).isEqualTo(LocalActors.group(2).lease());
              assertThat(failed.reason()).contains("one score per completion");
            });
    score(slow);
    accept();
    assertThat(next()).isEqualTo(new WayOut.Outcome.Delivered(LocalActors.group(1).lease()));
    wayOut.send(LocalActors.group(3));
    score(rewards.expectMessageClass(RewardWorker.Score.class));
    accept();
    assertThat(next()).isEqualTo(new WayOut.Outcome.Delivered(LocalActors.group(3).lease()));
  }

  @Test
  void aGroupThatIsNotWantedAnyMoreIsNotTriedAgain() throws InterruptedException {
    wayOut.send(LocalActors.group(1));
    RewardWorker.Score asked = rewards.expectMessageClass(RewardWorker.Score.class);
    unwanted.add(1L);
    asked.replyTo().tell(new RewardWorker.Refused(LocalActors.group(1).lease(), "busy"));

    assertThat(next()).isEqualTo(new WayOut.Outcome.Dropped(LocalActors.group(1).lease()));
  }

  @Test
  void whyAGroupWaitsIsSaidOnceAMinute() {
    LoggingTestKit.warn("a reward worker refused: busy")
        .withOccurrences(1)
        .expect(
            kit.system(),
            () -> {
              wayOut.send(LocalActors.group(1));
              for (int i = 0; i < 3; i++) {
                RewardWorker.Score asked = rewards.expectMessageClass(RewardWorker.Score.class);
                asked.replyTo().tell(new RewardWorker.Refused(asked.group().lease(), "busy"));
              }
              return rewards.expectMessageClass(RewardWorker.Score.class);
            });
  }

  private static void score(RewardWorker.Score asked) {
    asked.replyTo().tell(scored(asked, LocalActors.score(0), LocalActors.score(1)));
  }

  private static RewardWorker.Scored scored(RewardWorker.Score asked, CompletionScore... scores) {
    return new RewardWorker.Scored(asked.group().lease(), List.of(scores));
  }

  private void accept() {
    ExperienceBuffer.Offer offer = buffer.expectMessageClass(ExperienceBuffer.Offer.class);
    offer.replyTo().tell(new ExperienceBuffer.Accepted(offer.group().group().lease()));
  }

  private WayOut.Outcome next() throws InterruptedException {
    WayOut.Outcome outcome = outcomes.poll(10, TimeUnit.SECONDS);
    assertThat(outcome).as("an outcome in time").isNotNull();
    return outcome;
  }
}
