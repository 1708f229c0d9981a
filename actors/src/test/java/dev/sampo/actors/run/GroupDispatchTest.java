package dev.sampo.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.StepCommitted;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The feed is faked: row {@code n} asks question {@code n}. */
class GroupDispatchTest {
  private static final Scoring.Failed OF_ROW = new Scoring.Failed("throws", true);
  private static final Scoring.Failed OUT_OF_ORDER = new Scoring.Failed("judge", false);
  private static final Instant START = Instant.EPOCH;
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration FOREVER = Duration.ofDays(365);
  private static final Set<String> WORKERS = Set.of("w0", "w1", "w2");

  @Test
  void leasesStopAtTheQuotaAndGoOnWithTheNextStep() {
    GroupDispatch dispatch = dispatch(1, 2);

    List<RolloutLease> granted = grantAll(dispatch);
    assertThat(granted).hasSize(4);
    acceptAndCommit(dispatch, granted.subList(0, 2));

    assertThat(grantAll(dispatch)).hasSize(2);
  }

  @Test
  void withoutStalenessEveryGroupStartsWithTheWeightsOfItsOwnStep() {
    GroupDispatch dispatch = dispatch(0, 2);

    List<RolloutLease> first = grantAll(dispatch);
    acceptAndCommit(dispatch, first);
    List<RolloutLease> second = grantAll(dispatch);

    assertThat(first).extracting(RolloutLease::minimumStep).containsExactly(0L, 0L);
    assertThat(second).extracting(RolloutLease::minimumStep).containsExactly(1L, 1L);
  }

  @Test
  void noGroupIsGeneratedThatNoStepNeeds() {
    GroupDispatch dispatch =
        open(new GroupLedger(), new StalenessGate(5, 2, 3), GroupDispatchTest::row);

    assertThat(grantAll(dispatch)).hasSize(6);
  }

  @Test
  void anExpiredLeaseIsGrantedAgainWithTheSamePromptAndSeed() {
    GroupDispatch dispatch = dispatch(0, 1);
    RolloutLease first = dispatch.grant("a", Set.of(), START).orElseThrow();

    dispatch.expire(first.id(), START);
    RolloutLease second = dispatch.grant("b", Set.of(), START).orElseThrow();

    assertThat(second.id()).isEqualTo(new LeaseId(1, first.id().group(), 2));
    assertThat(second.seed()).isEqualTo(first.seed());
    assertThat(second.prompt()).isEqualTo(first.prompt());
  }

  @Test
  void progressRenewsALeaseAndItsAbsenceEndsIt() {
    GroupDispatch dispatch = dispatch(0, 2);
    LeaseId busy = dispatch.grant("a", Set.of(), START).orElseThrow().id();
    LeaseId stuck = dispatch.grant("b", Set.of(), START).orElseThrow().id();
    Instant later = START.plus(PATIENCE).plusSeconds(1);

    assertThat(dispatch.progress(busy, "a", 0, 5, START.plusSeconds(5))).isTrue();
    assertThat(dispatch.progress(stuck, "a", 0, 0, START.plusSeconds(5))).isTrue();

    assertThat(dispatch.expired(later)).extracting(LeaseTable.Entry::id).containsExactly(stuck);
  }

  @Test
  void aGroupWithWhichNobodyMakesProgressIsSetAsideAndItsQuotaReturns() {
    GroupDispatch dispatch = dispatch(0, 1);
    GroupId group = new GroupId(0);

    for (String worker : List.of("a", "b", "c")) {
      assertThat(dispatch.counts().setAside()).isZero();
      dispatch.expire(dispatch.grant(worker, Set.of(), START).orElseThrow().id(), START);
    }

    assertThat(dispatch.states().get(group))
        .isEqualTo(new GroupState.SetAside("no progress in 3 attempts"));
    assertThat(dispatch.grant("d", Set.of(), START).orElseThrow().id().group())
        .isEqualTo(new GroupId(1));
  }

  @Test
  void aSilentWorkerIsTriedWithOneLeaseAfterEverLongerPausesAndDestroysNoGroup() {
    GroupDispatch dispatch = dispatch(0, 2);
    Instant now = START;
    for (RolloutLease lease : grantAll(dispatch)) {
      dispatch.expire(lease.id(), now);
    }

    for (int pauses : List.of(1, 2, 4, 8, 16, 32, 32)) {
      now = now.plus(PATIENCE.multipliedBy(pauses));
      assertThat(dispatch.grant("a", Set.of(), now.minusSeconds(1))).isEmpty();
      LeaseId tried = dispatch.grant("a", Set.of(), now).orElseThrow().id();
      assertThat(dispatch.grant("a", Set.of(), now)).isEmpty();
      dispatch.expire(tried, now);
    }

    assertThat(dispatch.counts().setAside()).isZero();
  }

  @Test
  void progressIsTheEndOfASilenceAndMakesTheNextFruitlessAttemptSpeakAgainstTheGroup() {
    GroupDispatch dispatch = dispatch(0, 2);
    LeaseId bad = dispatch.grant("a", Set.of(), START).orElseThrow().id();
    LeaseId good = dispatch.grant("a", Set.of(), START).orElseThrow().id();

    for (int attempt = 1; attempt <= 3; attempt++) {
      dispatch.expire(new LeaseId(1, bad.group(), attempt), START);
      assertThat(dispatch.grant("a", Set.of(), START)).isEmpty();
      dispatch.progress(good, "a", 0, attempt, START);
      dispatch.grant("a", Set.of(), START);
    }

    assertThat(dispatch.states().get(bad.group())).isInstanceOf(GroupState.SetAside.class);
  }

  @Test
  void whoeverGoesOnWithAnExpiredLeaseIsNotSilent() {
    GroupDispatch dispatch = dispatch(0, 1);
    LeaseId slow = dispatch.grant("a", Set.of(), START).orElseThrow().id();
    dispatch.expire(slow, START);

    dispatch.progress(slow, "a", 0, 0, START);
    assertThat(dispatch.isSilent("a")).isTrue();
    dispatch.progress(slow, "a", 0, 1, START);

    assertThat(dispatch.isSilent("a")).isFalse();
  }

  @Test
  void theNextAttemptIsKeptForAnotherWorkerAndSoIsItsPlaceInTheQuota() {
    GroupDispatch dispatch = dispatch(0, 2);
    LeaseId first = dispatch.grant("a", Set.of("a", "b"), START).orElseThrow().id();
    LeaseId busy = dispatch.grant("a", Set.of("a", "b"), START).orElseThrow().id();
    dispatch.expire(first, START);
    dispatch.progress(busy, "a", 0, 1, START);

    assertThat(dispatch.grant("a", Set.of("a", "b"), START)).isEmpty();

    assertThat(dispatch.grant("b", Set.of("a", "b"), START).orElseThrow().id().group())
        .isEqualTo(first.group());
  }

  @Test
  void theFirstAcceptedAttemptWinsAndTheOtherIsDiscarded() {
    GroupDispatch dispatch = dispatch(0, 1);
    LeaseId first = dispatch.grant("a", Set.of(), START).orElseThrow().id();
    dispatch.expire(first, START);
    LeaseId second = dispatch.grant("b", Set.of(), START).orElseThrow().id();

    assertThat(dispatch.offered(first, by(0))).isEqualTo(new GroupDispatch.Verdict.Keep());
    assertThat(dispatch.offered(second, by(0)))
        .isEqualTo(new GroupDispatch.Verdict.Discard("attempt 1 of term 1 was first"));
    assertThat(dispatch.offered(first, by(0))).isEqualTo(new GroupDispatch.Verdict.Keep());
    assertThat(dispatch.progress(second, "a", 0, 9, START)).isFalse();
  }

  @Test
  void aResultThatCouldNotBeRecordedLeavesItsGroupToAnotherAttempt() {
    GroupDispatch dispatch = dispatch(0, 1);
    LeaseId first = dispatch.grant("a", Set.of(), START).orElseThrow().id();
    dispatch.offered(first, by(0));
    assertThat(dispatch.grant("b", Set.of(), START)).isEmpty();

    dispatch.notKept(first, "no disk");

    LeaseId second = dispatch.grant("b", Set.of(), START).orElseThrow().id();
    assertThat(second).isEqualTo(new LeaseId(1, first.group(), 2));
    assertThat(dispatch.recorded(first, Optional.empty()))
        .isInstanceOf(GroupDispatch.Verdict.Discard.class);
    assertThat(dispatch.counts().accepted()).isZero();
  }

  @Test
  void aResultThatIsBeingRecordedIsAStragglerToo() {
    GroupDispatch dispatch = dispatch(1, 1);
    LeaseId slow = dispatch.grant("a", Set.of(), START).orElseThrow().id();
    RolloutLease fast = dispatch.grant("a", Set.of(), START).orElseThrow();
    acceptAndCommit(dispatch, List.of(fast));

    dispatch.offered(slow, by(0));

    assertThat(dispatch.stragglers().all()).extracting(LeaseTable.Entry::id).containsExactly(slow);
    dispatch.recorded(slow, Optional.empty());
    assertThat(dispatch.stragglers().all()).isEmpty();
  }

  @Test
  void aResultThatIsBeingRecordedIsNotLostWithItsWorker() {
    GroupDispatch dispatch = dispatch(0, 1);
    LeaseId lease = dispatch.grant("a", Set.of(), START).orElseThrow().id();
    dispatch.offered(lease, by(0));

    dispatch.left("a");
    dispatch.expire(lease, START);

    assertThat(dispatch.grant("b", Set.of(), START)).isEmpty();
    assertThat(dispatch.recorded(lease, Optional.empty()))
        .isEqualTo(new GroupDispatch.Verdict.Keep());
    assertThat(dispatch.isAccepted(lease.group())).isTrue();
  }

  @Test
  void aRowThatRewardsFailOnHoldsNoStepThoughAllOthersOfItWereScoredBefore() {
    GroupDispatch dispatch = dispatch(0, 2);
    LeaseId good = dispatch.grant("a", Set.of(), START).orElseThrow().id();
    LeaseId bad = dispatch.grant("a", Set.of(), START).orElseThrow().id();
    dispatch.offered(good, by(0));
    dispatch.recorded(good, Optional.empty());

    for (int times = 1; times <= 3; times++) {
      assertThat(dispatch.unscored(bad, OF_ROW, START, PATIENCE)).isFalse();
      LeaseId next = dispatch.grant("a", Set.of(), START).orElseThrow().id();
      assertThat(next.group().equals(bad.group())).isEqualTo(times < 3);
      bad = next;
    }

    assertThat(dispatch.states()).containsEntry(new GroupId(1), new GroupState.SetAside("throws"));
  }

  @Test
  void anAttemptThatIsReportedAgainCountsOnce() {
    GroupDispatch dispatch = dispatch(0, 1);
    LeaseId bad = dispatch.grant("a", Set.of(), START).orElseThrow().id();

    for (int times = 0; times < 10; times++) {
      dispatch.unscored(bad, OF_ROW, START, PATIENCE);
    }

    assertThat(dispatch.counts().setAside()).isZero();
  }

  @Test
  void aRowThatStopsItsRewardsHoldsAStepNoLongerThanTheyMayBeAway() {
    GroupDispatch dispatch = dispatch(0, 2);
    Instant now = START;
    GroupId bad = new GroupId(0);
    int attempts = 0;
    while (dispatch.step() < 3) {
      LeaseId lease = dispatch.grant("a", Set.of(), now).orElseThrow().id();
      now = now.plusSeconds(1);
      if (lease.group().equals(bad)) {
        attempts++;
        assertThat(dispatch.unscored(lease, OUT_OF_ORDER, now, PATIENCE)).isFalse();
      } else {
        dispatch.offered(lease, by(dispatch.step()));
        dispatch.recorded(lease, Optional.empty());
      }
      commitIfReady(dispatch, 0);
    }

    assertThat(dispatch.states().get(bad)).isInstanceOf(GroupState.SetAside.class);
    assertThat(Duration.between(START, now)).isLessThan(PATIENCE.multipliedBy(2));
    assertThat(attempts).isGreaterThan(3);
  }

  @Test
  void whenNothingCouldBeScoredForTooLongOtherGroupsAreAskedBeforeTheRunIsOver() {
    GroupDispatch dispatch = dispatch(0, 1);
    Instant late = START.plus(PATIENCE).plusSeconds(1);
    LeaseId first = dispatch.grant("a", Set.of(), START).orElseThrow().id();
    dispatch.unscored(first, OUT_OF_ORDER, START, PATIENCE);
    LeaseId again = dispatch.grant("a", Set.of(), START).orElseThrow().id();
    assertThat(again.group()).isEqualTo(first.group());
    assertThat(dispatch.unscored(again, OUT_OF_ORDER, late, PATIENCE)).isFalse();

    for (int others = 1; others <= 3; others++) {
      LeaseId other = dispatch.grant("a", Set.of(), late).orElseThrow().id();
      assertThat(other.group()).isEqualTo(new GroupId(others));
      assertThat(dispatch.unscored(other, OUT_OF_ORDER, late, PATIENCE)).isEqualTo(others == 3);
    }
    assertThat(dispatch.counts().setAside()).isZero();
  }

  @Test
  void aGroupThatWaitedForAnotherIsAskedAgainWhenThatIsScored() {
    GroupDispatch dispatch = dispatch(0, 1);
    Instant late = START.plus(PATIENCE).plusSeconds(1);
    LeaseId first = dispatch.grant("a", Set.of(), START).orElseThrow().id();
    dispatch.unscored(first, OUT_OF_ORDER, START, PATIENCE);
    LeaseId again = dispatch.grant("a", Set.of(), START).orElseThrow().id();
    dispatch.unscored(again, OUT_OF_ORDER, late, PATIENCE);

    acceptAndCommit(dispatch, List.of(dispatch.grant("a", Set.of(), late).orElseThrow()));

    assertThat(dispatch.grant("a", Set.of(), late).orElseThrow().id().group())
        .isEqualTo(first.group());
  }

  @Test
  void aResultThatIsBeingRecordedIsNotTooSlow() {
    GroupDispatch dispatch = dispatch(1, 1);
    LeaseId slow = dispatch.grant("a", Set.of(), START).orElseThrow().id();
    acceptAndCommit(dispatch, List.of(dispatch.grant("a", Set.of(), START).orElseThrow()));
    assertThat(dispatch.stragglers().tooSlow())
        .extracting(LeaseTable.Entry::id)
        .containsExactly(slow);

    dispatch.offered(slow, by(0));

    assertThat(dispatch.stragglers().tooSlow()).isEmpty();
  }

  @Test
  void aGroupThatWasTooOldBeforeIsCancelledOnlyWhileItHasNoTokens() {
    GroupDispatch dispatch = dispatch(0, 1);
    acceptAndCommit(dispatch, grantAll(dispatch));
    dispatch.offered(dispatch.grant("a", Set.of(), START).orElseThrow().id(), by(0));
    LeaseId again = dispatch.grant("a", Set.of(), START).orElseThrow().id();

    assertThat(dispatch.stragglers().tooSlow())
        .extracting(LeaseTable.Entry::id)
        .containsExactly(again);
    dispatch.progress(again, "a", 1, 1, START);

    assertThat(dispatch.stragglers().tooSlow()).isEmpty();
    assertThat(dispatch.stragglers().all()).extracting(LeaseTable.Entry::id).containsExactly(again);
  }

  @Test
  void aResultThatGrewTooOldWhileItWasRecordedIsNotAccepted() {
    GroupDispatch dispatch = dispatch(1, 1);
    LeaseId late = dispatch.grant("a", Set.of(), START).orElseThrow().id();
    RolloutLease fast = dispatch.grant("a", Set.of(), START).orElseThrow();
    dispatch.expire(late, START);
    dispatch.offered(late, by(0));
    acceptAndCommit(dispatch, List.of(fast));
    acceptAndCommit(dispatch, List.of(dispatch.grant("b", Set.of(), START).orElseThrow()));

    assertThat(dispatch.recorded(late, Optional.empty()))
        .isEqualTo(new GroupDispatch.Verdict.TooOld("sampled at step 0, the learner is at 2"));
    assertThat(dispatch.states()).containsEntry(late.group(), new GroupState.Waiting());
  }

  @Test
  void aResultOfATermThatWasNeverOpenIsDiscarded() {
    GroupDispatch dispatch = dispatch(0, 1);
    LeaseId current = dispatch.grant("a", Set.of(), START).orElseThrow().id();

    assertThat(dispatch.offered(new LeaseId(2, current.group(), 1), by(0)))
        .isInstanceOf(GroupDispatch.Verdict.Discard.class);
    assertThat(dispatch.offered(current, by(0))).isEqualTo(new GroupDispatch.Verdict.Keep());
  }

  @Test
  void aResultOverTheBoundIsDiscardedAndItsPromptAskedAgain() {
    GroupDispatch dispatch = dispatch(0, 1);
    acceptAndCommit(dispatch, grantAll(dispatch));
    LeaseId old = dispatch.grant("a", Set.of(), START).orElseThrow().id();

    assertThat(dispatch.offered(old, by(0)))
        .isEqualTo(new GroupDispatch.Verdict.TooOld("sampled at step 0, the learner is at 1"));

    assertThat(dispatch.grant("a", Set.of(), START).orElseThrow().id())
        .isEqualTo(new LeaseId(1, old.group(), 2));
  }

  @Test
  void aRunningGroupThatTheNextStepWouldOutgrowIsAStraggler() {
    GroupDispatch dispatch = dispatch(1, 1);
    LeaseId slow = dispatch.grant("a", Set.of(), START).orElseThrow().id();
    RolloutLease fast = dispatch.grant("a", Set.of(), START).orElseThrow();
    assertThat(dispatch.stragglers().all()).isEmpty();

    acceptAndCommit(dispatch, List.of(fast));

    assertThat(dispatch.stragglers().all()).extracting(LeaseTable.Entry::id).containsExactly(slow);
  }

  @Test
  void aBadRowIsSetAsideWithItsPlaceAndTheNextRowIsAsked() {
    GroupDispatch dispatch =
        open(
            new GroupLedger(),
            new StalenessGate(0, 1, 9),
            group ->
                group.value() == 0
                    ? new PromptFeed.Visit.Bad("train.jsonl:7", "no image")
                    : row(group));

    assertThat(dispatch.grant("a", Set.of(), START).orElseThrow().id().group())
        .isEqualTo(new GroupId(1));

    assertThat(dispatch.states())
        .containsEntry(new GroupId(0), new GroupState.SetAside("train.jsonl:7: no image"));
  }

  @Test
  void whatEndedLongAgoIsCountedAndTakesNoPlace() {
    GroupDispatch dispatch = dispatch(0, 2);
    for (int step = 0; step < 6_000; step++) {
      acceptAndCommit(
          dispatch,
          List.of(
              dispatch.grant("a", Set.of(), START).orElseThrow(),
              dispatch.grant("a", Set.of(), START).orElseThrow()));
    }

    assertThat(dispatch.counts().trained()).isEqualTo(12_000);
    assertThat(dispatch.states()).hasSize(10_000).containsKey(new GroupId(11_999));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void whateverHappensEveryVisitIsInOneStateAndNothingOldIsLearnedFrom(long seed) {
    Random random = new Random(seed);
    int maxStaleness = random.nextInt(3);
    GroupDispatch dispatch = dispatch(maxStaleness, 1 + random.nextInt(3));
    List<RolloutLease> handedOut = new ArrayList<>();

    for (int turn = 0; turn < 2_000; turn++) {
      happens(random, dispatch, handedOut, maxStaleness, START.plus(PATIENCE.multipliedBy(turn)));

      GroupLedger.Counts counts = dispatch.counts();
      assertThat(counts.total()).isEqualTo(dispatch.states().size());
      assertThat(counts.waiting() + counts.leased() + counts.accepted())
          .isLessThanOrEqualTo((maxStaleness + 1) * 3 + counts.waiting());
    }
    assertThat(dispatch.counts().trained()).isPositive();
  }

  private static void happens(
      Random random,
      GroupDispatch dispatch,
      List<RolloutLease> handedOut,
      int maxStaleness,
      Instant now) {
    Optional<RolloutLease> some =
        handedOut.isEmpty()
            ? Optional.empty()
            : Optional.of(handedOut.get(random.nextInt(handedOut.size())));
    long sampledAt = Math.max(0, dispatch.step() - random.nextInt(4));
    switch (random.nextInt(14)) {
      case 0, 1, 2 ->
          dispatch.grant("w" + random.nextInt(3), WORKERS, now).ifPresent(handedOut::add);
      case 3 -> some.ifPresent(lease -> dispatch.offered(lease.id(), by(sampledAt)));
      case 4 -> some.ifPresent(lease -> dispatch.offered(lease.id(), by(dispatch.step())));
      case 7, 8 -> some.ifPresent(lease -> dispatch.recorded(lease.id(), Optional.empty()));
      case 9 -> some.ifPresent(lease -> dispatch.notKept(lease.id(), "no disk"));
      case 5 -> some.ifPresent(lease -> dispatch.expire(lease.id(), now));
      case 6 -> some.ifPresent(lease -> dispatch.giveBack(lease.id(), "lost"));
      case 10 -> some.ifPresent(lease -> dispatch.unscored(lease.id(), OF_ROW, now, FOREVER));
      case 11 -> some.ifPresent(lease -> dispatch.unscored(lease.id(), OUT_OF_ORDER, now, FOREVER));
      case 12 -> skipSome(random, dispatch);
      default -> commitIfReady(dispatch, maxStaleness);
    }
  }

  /** A step failed on some of its groups. */
  private static void skipSome(Random random, GroupDispatch dispatch) {
    List<GroupId> culprits = new ArrayList<>();
    List<GroupId> others = new ArrayList<>();
    dispatch.states().keySet().stream()
        .filter(dispatch::isAccepted)
        .forEach(group -> (random.nextInt(4) == 0 ? culprits : others).add(group));
    if (dispatch.hasBatch()) {
      dispatch.skipped(culprits, others, "not finite");
    }
  }

  /** What buffer and learner do: return what is too old, learn from the rest. */
  private static void commitIfReady(GroupDispatch dispatch, int maxStaleness) {
    List<GroupId> tooOld = new ArrayList<>();
    List<GroupId> batch = new ArrayList<>();
    for (Map.Entry<GroupId, GroupState> entry : dispatch.states().entrySet()) {
      if (entry.getValue() instanceof GroupState.Accepted accepted) {
        boolean old = dispatch.step() - accepted.oldestStep() > maxStaleness;
        (old ? tooOld : batch).add(entry.getKey());
      }
    }
    dispatch.returned(tooOld, "too old");
    if (dispatch.hasBatch()) {
      commit(dispatch, batch);
    }
  }

  private static void acceptAndCommit(GroupDispatch dispatch, List<RolloutLease> leases) {
    for (RolloutLease lease : leases) {
      assertThat(dispatch.offered(lease.id(), by(dispatch.step())))
          .isEqualTo(new GroupDispatch.Verdict.Keep());
      assertThat(dispatch.recorded(lease.id(), Optional.empty()))
          .isEqualTo(new GroupDispatch.Verdict.Keep());
    }
    commit(dispatch, leases.stream().map(lease -> lease.id().group()).toList());
  }

  private static List<RolloutLease> grantAll(GroupDispatch dispatch) {
    List<RolloutLease> all = new ArrayList<>();
    Optional<RolloutLease> lease = dispatch.grant("a", Set.of(), START);
    while (lease.isPresent()) {
      all.add(lease.get());
      lease = dispatch.grant("a", Set.of(), START);
    }
    return all;
  }

  private static void commit(GroupDispatch dispatch, List<GroupId> groups) {
    dispatch.committed(
        new StepCommitted(version(dispatch.step() + 1), groups, List.of(groups.size()), 0.1));
  }

  private GroupDispatch dispatch(int maxStaleness, int groupsPerStep) {
    return open(
        new GroupLedger(),
        new StalenessGate(maxStaleness, groupsPerStep, 1_000_000),
        GroupDispatchTest::row);
  }

  private static GroupDispatch open(GroupLedger ledger, StalenessGate gate, PromptFeed feed) {
    GroupDispatch dispatch =
        new GroupDispatch(ledger, terms(), gate, feed, event -> {}, lease -> {});
    dispatch.openTerm(version(0), Set.of());
    return dispatch;
  }

  private static GroupDispatch.Terms terms() {
    return new GroupDispatch.Terms(
        7, "settings", 8, SamplingSettings.atTemperature(1, 32), PATIENCE, 3);
  }

  private static Set<PolicyVersion> by(long step) {
    return Set.of(version(step));
  }

  private static PolicyVersion version(long step) {
    return new PolicyVersion("run", 1, step, "hash " + step);
  }

  private static PromptFeed.Visit row(GroupId group) {
    String number = Long.toString(group.value() + 1);
    return new PromptFeed.Visit.Ready(
        new Prompt("train.jsonl:" + number, "rec", "question " + number, List.of(), "", Map.of()));
  }
}
