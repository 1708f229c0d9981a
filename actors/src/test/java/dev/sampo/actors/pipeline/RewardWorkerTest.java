package dev.sampo.actors.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.protocol.CompletionScore;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The reward is a future that the test completes. */
class RewardWorkerTest {
  private final ActorTestKit kit = LocalActors.kit();
  private final CompletableFuture<List<CompletionScore>> scores = new CompletableFuture<>();
  private final AtomicInteger begun = new AtomicInteger();
  private final ActorRef<RewardWorker.Command> worker =
      kit.spawn(
          RewardWorker.create(
              group -> {
                begun.incrementAndGet();
                return scores;
              },
              1,
              new BusyClock(System::nanoTime)));

  @AfterEach
  void stop() {
    kit.shutdownTestKit();
  }

  @Test
  void aQuestionPutAgainIsScoredOnceAndAnsweredToTheLastAsker() {
    TestProbe<RewardWorker.Answer> first = kit.createTestProbe();
    TestProbe<RewardWorker.Answer> second = kit.createTestProbe();
    worker.tell(new RewardWorker.Score(LocalActors.group(1), first.getRef()));
    worker.tell(new RewardWorker.Score(LocalActors.group(1), second.getRef()));
    TestProbe<RewardWorker.Answer> other = kit.createTestProbe();
    worker.tell(new RewardWorker.Score(LocalActors.group(2), other.getRef()));
    other.expectMessageClass(RewardWorker.Refused.class);

    scores.complete(List.of(LocalActors.score(0), LocalActors.score(1)));

    second.expectMessageClass(RewardWorker.Scored.class);
    assertThat(begun).hasValue(1);
  }
}
