package dev.sampo.actors.pipeline;

import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.WeightDelta;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A publisher whose files are served below {@code http://node/weights}. */
class WeightPublisherTest {
  private static final Duration SOON = Duration.ofMillis(100);

  private final ActorTestKit kit = LocalActors.kit();
  private final TestProbe<WeightBoard.Command> board = kit.createTestProbe();
  private final TestProbe<Learner.Command> learner = kit.createTestProbe();
  private final TestProbe<WeightPublisher.News> subscriber = kit.createTestProbe();
  private final ActorRef<WeightPublisher.Command> publisher =
      kit.spawn(WeightPublisher.create(board.ref(), "http://node/weights"));

  @AfterEach
  void stop() {
    kit.shutdownTestKit();
  }

  @Test
  void everybodyHearsOfAVersionAndWhereItsFilesAre() {
    publisher.tell(new WeightPublisher.Publish(written(3)));

    board.expectMessage(
        new WeightBoard.Announce(
            new WeightPublisher.Announced(
                written(3).delta(), List.of("http://node/weights/snapshot-3"))));
  }

  @Test
  void onlyWhoAskedHearsOfASnapshotWhenTheLearnerHasWrittenIt() {
    publisher.tell(new WeightPublisher.LearnerIs(learner.ref()));
    publishes(4);
    publisher.tell(wanted());
    var asked = learner.expectMessageClass(Learner.GetSnapshot.class);
    subscriber.expectNoMessage(SOON);

    asked.replyTo().tell(written(5));

    subscriber.expectMessage(
        new WeightPublisher.Announced(
            written(5).delta(), List.of("http://node/weights/snapshot-5")));
    board.expectNoMessage(SOON);
  }

  /** The learner may have steps to take again before, and answers nobody meanwhile. */
  @Test
  void whoAsksBeforeAnythingIsPublishedHearsThatItComesLater() {
    publisher.tell(wanted());
    publisher.tell(new WeightPublisher.LearnerIs(learner.ref()));
    publisher.tell(wanted());

    var later =
        new WeightPublisher.Later(
            "the learner measures or opens its model, or takes committed steps again");
    subscriber.expectMessage(later);
    subscriber.expectMessage(later);
    learner.expectNoMessage(SOON);

    publishes(1);
    publisher.tell(wanted());
    learner.expectMessageClass(Learner.GetSnapshot.class).replyTo().tell(written(1));
    subscriber.expectMessageClass(WeightPublisher.Announced.class);
  }

  private void publishes(long step) {
    publisher.tell(new WeightPublisher.Publish(written(step)));
    board.expectMessageClass(WeightBoard.Announce.class);
  }

  private WeightPublisher.SnapshotWanted wanted() {
    return new WeightPublisher.SnapshotWanted(subscriber.ref(), Optional.empty(), "it is new");
  }

  private static Trainer.Written written(long step) {
    return new Trainer.Written(
        new WeightDelta(
            new PolicyVersion("run", 1, step, "hash of " + step), Optional.empty(), List.of()),
        Path.of("published", "snapshot-" + step));
  }
}
