package dev.sampo.actors.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.actors.RunListener;
import dev.sampo.actors.StepReport;
import dev.sampo.actors.run.SentBack;
import dev.sampo.learner.guard.GuardSettings;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.WeightDelta;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A learner that has come back to step 5 and has abandoned what was after it. */
class LearnerTest {
  private static final PolicyVersion HELD = new PolicyVersion("run", 2, 5, "hash");
  private static final Duration SOON = Duration.ofMillis(100);
  private static final int MOST_SKIPPED = 2;

  private final ActorTestKit kit = LocalActors.kit();
  private final TestProbe<RunCoordinator.Command> coordinator = kit.createTestProbe();
  private final TestProbe<WeightPublisher.Command> publisher = kit.createTestProbe();
  private final TestProbe<ExperienceBuffer.Command> buffer = kit.createTestProbe();
  private final TestProbe<Learner.Ending> ended = kit.createTestProbe();

  @AfterEach
  void stop() {
    kit.shutdownTestKit();
  }

  @Test
  void nobodyHearsOfAVersionBeforeItsTermIsDurable() {
    TestProbe<Trainer.Written> subscriber = kit.createTestProbe();
    ActorRef<Learner.Command> learner = learner();

    var holds = coordinator.expectMessageClass(RunCoordinator.LearnerHolds.class);
    learner.tell(new Learner.GetSnapshot(subscriber.ref()));
    publisher.expectNoMessage(SOON);
    subscriber.expectNoMessage(SOON);
    coordinator.expectNoMessage(SOON);
    holds.replyTo().tell(new RunCoordinator.TermOpen(0));

    assertThat(holds.version()).isEqualTo(HELD);
    assertThat(publisher.expectMessageClass(WeightPublisher.Publish.class).files())
        .isEqualTo(SkippingTrainer.WRITTEN);
    subscriber.expectMessage(SkippingTrainer.WRITTEN);
    coordinator.expectMessage(new RunCoordinator.Published(HELD));
    coordinator.expectMessageClass(RunCoordinator.StepWanted.class);
  }

  @Test
  void stepsThatWereLeftOutBeforeTheRunWasLeftCountForItsEnd() {
    var _ = learner();
    coordinator
        .expectMessageClass(RunCoordinator.LearnerHolds.class)
        .replyTo()
        .tell(new RunCoordinator.TermOpen(MOST_SKIPPED));
    coordinator.expectMessageClass(RunCoordinator.Published.class);

    coordinator
        .expectMessageClass(RunCoordinator.StepWanted.class)
        .replyTo()
        .tell(new RunCoordinator.StepAllowed(SentBack.NONE));
    buffer
        .expectMessageClass(ExperienceBuffer.Take.class)
        .replyTo()
        .tell(
            new Learner.Batch(
                List.of(LocalActors.scored(1), LocalActors.scored(2)), 0, SentBack.NONE));

    coordinator.expectMessage(
        new RunCoordinator.StepSkipped(List.of(new GroupId(1)), List.of(new GroupId(2)), "nan"));
    ended.expectMessage(new Learner.Stopped("3 steps in a row were not finite, the last: nan"));
  }

  private ActorRef<Learner.Command> learner() {
    TestProbe<Recorder.Command> recorder = kit.createTestProbe();
    Learner.Setup setup =
        new Learner.Setup(
            8,
            coordinator.ref(),
            buffer.ref(),
            recorder.ref(),
            publisher.ref(),
            new GuardSettings(List.of(), MOST_SKIPPED, 0),
            (policy, groups, update) -> {},
            new DeafListener(),
            ended.ref());
    StepMeter meter =
        new StepMeter(System::nanoTime, new BusyClock(System::nanoTime), Map.of(), Map::of);
    return kit.spawn(Learner.create(setup, SkippingTrainer::new, meter));
  }

  /** Holds weights and leaves every step out. */
  private static final class SkippingTrainer implements Trainer {
    static final Written WRITTEN =
        new Written(new WeightDelta(HELD, Optional.empty(), List.of()), Path.of("weights"));

    @Override
    public PolicyVersion version() {
      return HELD;
    }

    @Override
    public int begin(List<ScoredGroup> batch) {
      return 0;
    }

    @Override
    public void microBatch(int index) {
      throw new IllegalStateException("it leaves all steps out");
    }

    @Override
    public Update finish() {
      return new Update.Skipped("nan", List.of(new GroupId(1)), Map.of());
    }

    @Override
    public Written writeDelta() {
      throw new IllegalStateException("it leaves all steps out");
    }

    @Override
    public Written writeSnapshot() {
      return WRITTEN;
    }

    @Override
    public boolean isCheckpointDue() {
      return false;
    }

    @Override
    public void saveCheckpoint(Map<String, String> progress) {}

    @Override
    public void close() {}
  }

  private static final class DeafListener implements RunListener {
    @Override
    public void stepFinished(StepReport report) {}

    @Override
    public void groupSetAside(String reason) {}

    @Override
    public void noticed(String line) {}

    @Override
    public void paused(Optional<String> reason) {}
  }
}
