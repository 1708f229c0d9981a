package dev.sampo.actors.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.sampo.actors.journal.ListedJournal;
import dev.sampo.actors.run.GroupDispatch;
import dev.sampo.actors.run.GroupLedger;
import dev.sampo.actors.run.PromptFeed;
import dev.sampo.actors.run.Scoring;
import dev.sampo.actors.run.SentBack;
import dev.sampo.actors.run.StalenessGate;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.StepCommitted;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.ManualTime;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One group a step, without staleness: there is one lease at a time. */
class RunCoordinatorTest {
  private static final PolicyVersion START = version(0);
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration REWARD_PATIENCE = Duration.ofSeconds(60);
  private static final int MAX_ATTEMPTS = 3;
  private static final Duration MAX_WAIT = Duration.ofSeconds(5);

  private final ActorTestKit kit =
      ActorTestKit.create(
          ManualTime.config()
              .withFallback(ConfigFactory.parseString("pekko.actor.provider = local"))
              .withFallback(ConfigFactory.load()));
  private final ManualTime time = ManualTime.get(kit.system());
  private final TestProbe<RolloutWorker.Command> first = kit.createTestProbe();
  private final TestProbe<RolloutWorker.Command> second = kit.createTestProbe();
  private final TestProbe<RunCoordinator.StepAllowed> learner = kit.createTestProbe();
  private ActorRef<RunCoordinator.Command> coordinator = coordinator(new StalenessGate(0, 1, 10));
  private Instant now = Instant.EPOCH;

  @BeforeEach
  void open() {
    TestProbe<RunCoordinator.StillAccepted> buffer = kit.createTestProbe();
    TestProbe<RunCoordinator.TermOpen> opened = kit.createTestProbe();
    coordinator.tell(new RunCoordinator.Held(Set.of(), buffer.ref()));
    coordinator.tell(new RunCoordinator.LearnerHolds(START, opened.ref()));
    buffer.expectMessageClass(RunCoordinator.StillAccepted.class);
    coordinator.tell(new RunCoordinator.StepWanted(learner.ref()));
  }

  private void open(StalenessGate gate) {
    coordinator = coordinator(gate);
    open();
  }

  @AfterEach
  void stop() {
    kit.shutdownTestKit();
  }

  @Test
  void whatALeavingWorkerGivesBackGoesToAnotherOneAndNotToItself() {
    LeaseId lease = granted(first);

    coordinator.tell(
        new RunCoordinator.GiveBack(
            first.ref(), lease, RunCoordinator.GiveBack.Reason.LEAVING, "it leaves"));
    LeaseId again = granted(second);

    assertThat(again.group()).isEqualTo(lease.group());
    first.expectNoMessage(Duration.ofMillis(50));
  }

  @Test
  void aWorkerWithWeightsOfAbandonedStepsGetsNoLease() {
    coordinator.tell(
        new RunCoordinator.Demand(first.ref(), 1, new PolicyVersion("run", 1, 3, "abandoned")));
    granted(second);

    first.expectNoMessage(Duration.ofMillis(50));
  }

  @Test
  void whatAWorkerHoldsIsLeasedToNobodyElseUntilItFallsSilent() {
    LeaseId lease = granted(first);
    coordinator.tell(new RunCoordinator.Demand(second.ref(), 1, START));
    for (int i = 0; i < 3; i++) {
      pass(PATIENCE.minusSeconds(1));
      coordinator.tell(new RunCoordinator.Holds(first.ref(), List.of(lease)));
      settle();
    }
    second.expectNoMessage(Duration.ofMillis(50));

    pass(PATIENCE.plusSeconds(1));

    LeaseId again = second.expectMessageClass(RolloutWorker.Grant.class).lease().id();
    assertThat(again).isEqualTo(new LeaseId(lease.term(), lease.group(), 2));
  }

  @Test
  void whatASilentWorkerLetExpireGoesToAnotherOneAndItGetsNothingMore() {
    LeaseId lease = granted(first);
    coordinator.tell(new RunCoordinator.Demand(second.ref(), 1, START));
    settle();

    pass(PATIENCE.plusSeconds(1));
    LeaseId again = second.expectMessageClass(RolloutWorker.Grant.class).lease().id();

    assertThat(again).isEqualTo(new LeaseId(lease.term(), lease.group(), 2));
    first.expectNoMessage(Duration.ofMillis(50));
  }

  @Test
  void aGroupThatWasCancelledForItsAgeIsWaitedForTheNextTime() {
    open(new StalenessGate(1, 1, 10));
    LeaseId slow = granted(first);
    accept(granted(second), 0);
    learner.expectMessageClass(RunCoordinator.StepAllowed.class);
    commit(1, new GroupId(1));
    accept(second.expectMessageClass(RolloutWorker.Grant.class).lease().id(), 1);
    coordinator.tell(new RunCoordinator.Progress(first.ref(), slow, 5, 0));
    coordinator.tell(new RunCoordinator.StepWanted(learner.ref()));
    settle();

    pass(MAX_WAIT);
    first.expectMessage(new RolloutWorker.Cancel(slow, "too slow for the staleness bound"));
    assertThat(learner.expectMessageClass(RunCoordinator.StepAllowed.class).cancelled())
        .isEqualTo(SentBack.cancelled(5, 2));
    LeaseId again = first.expectMessageClass(RolloutWorker.Grant.class).lease().id();
    assertThat(again.group()).isEqualTo(slow.group());
    commit(2, new GroupId(2));
    accept(second.expectMessageClass(RolloutWorker.Grant.class).lease().id(), 2);
    coordinator.tell(new RunCoordinator.Progress(first.ref(), again, 1, 1));
    coordinator.tell(new RunCoordinator.StepWanted(learner.ref()));

    for (int tokens = 2; tokens < 9; tokens++) {
      settle();
      pass(MAX_WAIT);
      coordinator.tell(new RunCoordinator.Progress(first.ref(), again, tokens, 1));
    }
    first.expectNoMessage(Duration.ofMillis(50));
    learner.expectNoMessage(Duration.ofMillis(50));
    accept(again, 1);

    assertThat(learner.expectMessageClass(RunCoordinator.StepAllowed.class).cancelled())
        .isEqualTo(SentBack.NONE);
  }

  @Test
  void onlyAGroupThatTheLearnerWaitsForHasRoomInAFullBuffer() {
    open(new StalenessGate(1, 1, 10));
    TestProbe<RunCoordinator.Awaited> buffer = kit.createTestProbe();
    LeaseId slow = granted(first);
    accept(granted(second), 0);
    learner.expectMessageClass(RunCoordinator.StepAllowed.class);
    commit(1, new GroupId(1));
    coordinator.tell(new RunCoordinator.StepWanted(learner.ref()));
    coordinator.tell(new RunCoordinator.StillHeld(slow, buffer.ref()));
    buffer.expectNoMessage(Duration.ofMillis(50));

    accept(second.expectMessageClass(RolloutWorker.Grant.class).lease().id(), 1);
    coordinator.tell(new RunCoordinator.StillHeld(slow, buffer.ref()));

    buffer.expectMessage(new RunCoordinator.Awaited(slow));
  }

  @Test
  void whileRewardsFailGroupsAreAskedAgainEverMoreSlowlyUntilPatienceIsOver() {
    TestProbe<RunCoordinator.Command> end = kit.createTestProbe();
    LeaseId lease = granted(first);
    for (double pause : List.of(1.0, 1.5, 3.5, 7.5, 15.5, 30.0)) {
      coordinator.tell(unscored(lease));
      settle();
      pass(Duration.ofMillis((long) (1000 * pause) - 1));
      first.expectNoMessage(Duration.ofMillis(50));
      pass(Duration.ofMillis(501));
      lease = first.expectMessageClass(RolloutWorker.Grant.class).lease().id();
      assertThat(lease.group()).isEqualTo(new GroupId(0));
    }

    for (long other = 1; other <= MAX_ATTEMPTS; other++) {
      coordinator.tell(unscored(lease));
      settle();
      pass(Duration.ofSeconds(31));
      lease = first.expectMessageClass(RolloutWorker.Grant.class).lease().id();
      assertThat(lease.group()).isEqualTo(new GroupId(other));
    }
    assertThat(status().groups().setAside()).isZero();
    coordinator.tell(unscored(lease));

    end.expectTerminated(coordinator);
  }

  private static RunCoordinator.Unscored unscored(LeaseId lease) {
    return new RunCoordinator.Unscored(lease, new Scoring.Failed("the judge is down", false));
  }

  private LeaseId granted(TestProbe<RolloutWorker.Command> worker) {
    coordinator.tell(new RunCoordinator.Demand(worker.ref(), 1, START));
    return worker.expectMessageClass(RolloutWorker.Grant.class).lease().id();
  }

  private void pass(Duration duration) {
    now = now.plus(duration);
    time.timePasses(duration);
  }

  private void accept(LeaseId lease, long step) {
    TestProbe<GroupDispatch.Verdict> verdict = kit.createTestProbe();
    coordinator.tell(new RunCoordinator.Offered(lease, Set.of(version(step)), verdict.ref()));
    verdict.expectMessage(new GroupDispatch.Verdict.Keep());
    coordinator.tell(new RunCoordinator.Recorded(lease, Optional.empty(), verdict.ref()));
    verdict.expectMessage(new GroupDispatch.Verdict.Keep());
  }

  private void commit(long step, GroupId group) {
    TestProbe<RunCoordinator.Committed> committed = kit.createTestProbe();
    coordinator.tell(
        new RunCoordinator.StepTaken(
            new StepCommitted(version(step), List.of(group), List.of(1), 0.1), committed.ref()));
    committed.expectMessageClass(RunCoordinator.Committed.class);
  }

  private static PolicyVersion version(long step) {
    return new PolicyVersion("run", 2, step, "hash");
  }

  /** Waits until the coordinator has done what it was told, at the time that it is. */
  private void settle() {
    status();
  }

  private RunStatus status() {
    TestProbe<RunStatus> status = kit.createTestProbe();
    coordinator.tell(new RunCoordinator.GetStatus(status.ref()));
    return status.expectMessageClass(RunStatus.class);
  }

  private ActorRef<RunCoordinator.Command> coordinator(StalenessGate gate) {
    GroupDispatch.Terms terms =
        new GroupDispatch.Terms(
            1, "settings", 2, SamplingSettings.atTemperature(1, 8), PATIENCE, MAX_ATTEMPTS);
    ActorRef<JournalWriter.Command> journal =
        kit.spawn(
            JournalWriter.create(
                new ListedJournal(0), new JournalWriter.Patience(1, Duration.ofSeconds(1))));
    return kit.spawn(
        RunCoordinator.create(
            events ->
                new GroupDispatch(
                    new GroupLedger(),
                    terms,
                    gate,
                    group ->
                        new PromptFeed.Visit.Ready(
                            new Prompt("rows:1", "rec", "question", List.of(), "", Map.of())),
                    events,
                    lease -> {}),
            new RunCoordinator.Setup(10, MAX_WAIT, REWARD_PATIENCE, "blobs", journal),
            () -> now));
  }
}
