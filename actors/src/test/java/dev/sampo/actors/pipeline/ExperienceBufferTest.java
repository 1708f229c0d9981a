package dev.sampo.actors.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.actors.run.ExperienceQueue;
import dev.sampo.actors.run.GroupDispatch;
import dev.sampo.actors.run.Scoring;
import dev.sampo.actors.run.SentBack;
import dev.sampo.actors.run.StalenessGate;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.ledger.LogPlace;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One group a step. */
class ExperienceBufferTest {
  private static final int REPLACED = 3; // of the step under way, before the run was left
  private static final LogPlace PLACE = new LogPlace(0, 8);
  private final ActorTestKit kit = LocalActors.kit();
  private final TestProbe<RunCoordinator.Command> coordinator = kit.createTestProbe();
  private final TestProbe<Recorder.Command> recorder = kit.createTestProbe();
  private final TestProbe<Learner.Command> learner = kit.createTestProbe();
  private final TestProbe<ExperienceBuffer.Answer> worker = kit.createTestProbe();

  @AfterEach
  void stop() {
    kit.shutdownTestKit();
  }

  @Test
  void aGroupIsAcceptedWhenRecordingAndLedgerHaveIt() {
    ActorRef<ExperienceBuffer.Command> buffer = buffer(2);

    buffer.tell(offer(1));
    judgedToKeep();
    recorded();
    worker.expectNoMessage(Duration.ofMillis(50));
    inTheLedger();

    worker.expectMessageClass(ExperienceBuffer.Accepted.class);
  }

  /** Or its prompt would stay won by a result that is nowhere, and the run would wait for it. */
  @Test
  void aGroupThatCanNeverBeRecordedIsTakenOutOfTheRun() {
    ActorRef<ExperienceBuffer.Command> buffer = buffer(1);
    ExperienceBuffer.Offer offer = offer(1);

    buffer.tell(offer);
    judgedToKeep();
    recorder
        .expectMessageClass(Recorder.KeepGroup.class)
        .replyTo()
        .tell(new Recorder.Refused("the image is gone"));

    assertThat(coordinator.expectMessageClass(RunCoordinator.Unusable.class))
        .isEqualTo(new RunCoordinator.Unusable(offer.group().group().lease(), "the image is gone"));
    worker.expectMessageClass(ExperienceBuffer.Discarded.class);
    accept(buffer, 2); // its place is free
  }

  @Test
  void anOfferRepeatedWhileTheLearnerHasTheGroupIsAcceptedButNotKeptTwice() {
    ActorRef<ExperienceBuffer.Command> buffer = buffer(2);
    accept(buffer, 1);
    buffer.tell(new ExperienceBuffer.Take(0, learner.getRef()));
    learner.expectMessageClass(Learner.Batch.class);

    buffer.tell(offer(1));

    worker.expectMessageClass(ExperienceBuffer.Accepted.class);
    coordinator.expectNoMessage(Duration.ofMillis(50));
  }

  @Test
  void anOfferRepeatedAfterTheStepIsTheCoordinatorsToJudge() {
    ActorRef<ExperienceBuffer.Command> buffer = buffer(2);
    accept(buffer, 1);
    buffer.tell(new ExperienceBuffer.Take(0, learner.getRef()));
    learner.expectMessageClass(Learner.Batch.class);
    buffer.tell(new ExperienceBuffer.Take(1, learner.getRef()));

    buffer.tell(offer(1));

    coordinator
        .expectMessageClass(RunCoordinator.Offered.class)
        .replyTo()
        .tell(new GroupDispatch.Verdict.Discard("trained"));
    worker.expectMessageClass(ExperienceBuffer.Discarded.class);
  }

  @Test
  void theNextBatchTellsOfTheLengthsOfWhatWasTooOld() {
    ActorRef<ExperienceBuffer.Command> buffer = buffer(2);
    buffer.tell(offer(1));
    coordinator
        .expectMessageClass(RunCoordinator.Offered.class)
        .replyTo()
        .tell(new GroupDispatch.Verdict.TooOld("too old"));
    worker.expectMessageClass(ExperienceBuffer.Discarded.class);
    accept(buffer, 2); // too old when the learner takes it
    accept(buffer, new ExperienceBuffer.Offer(LocalActors.scored(3, 2), worker.getRef()));
    buffer.tell(new ExperienceBuffer.Take(2, learner.getRef()));

    Learner.Batch batch = learner.expectMessageClass(Learner.Batch.class);
    assertThat(batch.groups()).extracting(ScoredGroup::id).containsExactly(new GroupId(3));
    assertThat(batch.sentBack()).isEqualTo(new SentBack(2, List.of(1.0, 1.0, 1.0, 1.0)));
  }

  @Test
  void anOfferBeyondTheCapacityIsPutOffAndItsLeaseKeptAliveUnlessTheLearnerWaitsForIt() {
    ActorRef<ExperienceBuffer.Command> buffer = buffer(1);
    accept(buffer, 1);

    buffer.tell(offer(2));

    RunCoordinator.StillHeld held = coordinator.expectMessageClass(RunCoordinator.StillHeld.class);
    assertThat(held.lease()).isEqualTo(LocalActors.group(2).lease());
    worker.expectMessageClass(ExperienceBuffer.Busy.class);
    held.replyTo().tell(new RunCoordinator.Awaited(held.lease()));
    accept(buffer, 2);
  }

  @Test
  void aGroupWhoseRewardsFailedIsAskedAgainAndOneThatCannotBeScoredIsNot() {
    ActorRef<ExperienceBuffer.Command> buffer = buffer(2);
    RewardOutcome failed = new RewardOutcome.Failed("connection refused");

    buffer.tell(offer(1, failed, failed));
    assertThat(coordinator.expectMessageClass(RunCoordinator.Unscored.class).why())
        .isEqualTo(
            new Scoring.Failed(
                "train.jsonl:1: 0 of 2 completions could be scored: reward r failed:"
                    + " connection refused",
                false));
    buffer.tell(offer(2, failed, new RewardOutcome.Unscorable("no answer")));

    assertThat(coordinator.expectMessageClass(RunCoordinator.Unusable.class).lease())
        .isEqualTo(LocalActors.group(2).lease());
  }

  private ExperienceBuffer.Offer offer(long id, RewardOutcome... outcomes) {
    List<CompletionScore> scores =
        Arrays.stream(outcomes)
            .map(outcome -> new CompletionScore(Map.of("r", outcome), OptionalDouble.empty()))
            .toList();
    return new ExperienceBuffer.Offer(
        new ScoredGroup(LocalActors.group(id), scores), worker.getRef());
  }

  @Test
  void whatTheRecordingHoldsWaitsForTheLearnerAgainAsFarAsItIsStillAccepted() {
    ActorRef<ExperienceBuffer.Command> buffer =
        buffer(2, LocalActors.scored(1), LocalActors.scored(2));
    buffer.tell(new ExperienceBuffer.Take(0, learner.getRef()));
    learner.expectNoMessage(Duration.ofMillis(50));

    openTerm(new GroupId(2));

    Learner.Batch batch = learner.expectMessageClass(Learner.Batch.class);
    assertThat(batch.groups()).extracting(ScoredGroup::id).containsExactly(new GroupId(2));
    assertThat(batch.numReplaced()).isEqualTo(REPLACED);
    buffer.tell(offer(2));
    worker.expectMessageClass(ExperienceBuffer.Accepted.class);
  }

  @Test
  void anOfferBeforeTheTermIsOpenIsPutOff() {
    ActorRef<ExperienceBuffer.Command> buffer = buffer(2, LocalActors.scored(1));

    buffer.tell(offer(2));

    worker.expectMessageClass(ExperienceBuffer.Busy.class);
  }

  private void accept(ActorRef<ExperienceBuffer.Command> buffer, long id) {
    accept(buffer, offer(id));
  }

  private void accept(ActorRef<ExperienceBuffer.Command> buffer, ExperienceBuffer.Offer offer) {
    buffer.tell(offer);
    judgedToKeep();
    recorded();
    inTheLedger();
    worker.expectMessageClass(ExperienceBuffer.Accepted.class);
  }

  private void judgedToKeep() {
    coordinator
        .expectMessageClass(RunCoordinator.Offered.class)
        .replyTo()
        .tell(new GroupDispatch.Verdict.Keep());
  }

  private void recorded() {
    recorder
        .expectMessageClass(Recorder.KeepGroup.class)
        .replyTo()
        .tell(new Recorder.Done(Optional.of(PLACE)));
  }

  private void inTheLedger() {
    RunCoordinator.Recorded recorded =
        coordinator.expectMessageClass(RunCoordinator.Recorded.class);
    assertThat(recorded.place()).contains(PLACE);
    recorded.replyTo().tell(new GroupDispatch.Verdict.Keep());
  }

  private ExperienceBuffer.Offer offer(long id) {
    return new ExperienceBuffer.Offer(LocalActors.scored(id), worker.getRef());
  }

  private ActorRef<ExperienceBuffer.Command> buffer(int capacity, ScoredGroup... restored) {
    return kit.spawn(
        ExperienceBuffer.create(
            new ExperienceBuffer.Setup(
                capacity, Duration.ofMillis(100), coordinator.getRef(), recorder.getRef()),
            new ExperienceQueue(new StalenessGate(1, 1, 10)),
            List.of(restored)));
  }

  private ActorRef<ExperienceBuffer.Command> buffer(int capacity) {
    ActorRef<ExperienceBuffer.Command> buffer = buffer(capacity, new ScoredGroup[0]);
    openTerm();
    return buffer;
  }

  private void openTerm(GroupId... accepted) {
    coordinator
        .expectMessageClass(RunCoordinator.Held.class)
        .replyTo()
        .tell(new RunCoordinator.StillAccepted(Set.of(accepted), REPLACED));
  }
}
