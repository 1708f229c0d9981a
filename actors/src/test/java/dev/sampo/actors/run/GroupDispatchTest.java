package dev.sampo.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.SamplingSettings;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The feed is faked: row {@code n} asks question {@code n}. */
class GroupDispatchTest {
  private static final Instant START = Instant.EPOCH;
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private long row;

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
        new GroupDispatch(1, terms(), new StalenessGate(5, 2, 3), this::nextRow, event -> {});

    assertThat(grantAll(dispatch)).hasSize(6);
  }

  @Test
  void anExpiredLeaseIsGrantedAgainWithTheSamePromptAndSeed() {
    GroupDispatch dispatch = dispatch(0, 1);
    RolloutLease first = dispatch.grant("a", START).orElseThrow();

    dispatch.expire(first.id());
    RolloutLease second = dispatch.grant("b", START).orElseThrow();

    assertThat(second.id()).isEqualTo(new LeaseId(1, first.id().group(), 2));
    assertThat(second.seed()).isEqualTo(first.seed());
    assertThat(second.prompt()).isEqualTo(first.prompt());
  }

  @Test
  void progressRenewsALeaseAndItsAbsenceEndsIt() {
    GroupDispatch dispatch = dispatch(0, 2);
    LeaseId busy = dispatch.grant("a", START).orElseThrow().id();
    LeaseId stuck = dispatch.grant("b", START).orElseThrow().id();
    Instant later = START.plus(PATIENCE).plusSeconds(1);

    assertThat(dispatch.progress(busy, 0, 5, START.plusSeconds(5))).isTrue();
    assertThat(dispatch.progress(stuck, 0, 0, START.plusSeconds(5))).isTrue();

    assertThat(dispatch.expired(later)).extracting(LeaseTable.Entry::id).containsExactly(stuck);
  }

  @Test
  void aGroupWithoutProgressInAllAttemptsIsSetAsideAndItsQuotaReturns() {
    GroupDispatch dispatch = dispatch(0, 1);
    GroupId group = new GroupId(0);

    for (int attempt = 1; attempt <= 3; attempt++) {
      dispatch.expire(
          new LeaseId(1, dispatch.grant("a", START).orElseThrow().id().group(), attempt));
    }

    assertThat(dispatch.states().get(group))
        .isEqualTo(new GroupState.SetAside("no progress in 3 attempts"));
    assertThat(dispatch.grant("a", START).orElseThrow().id().group()).isEqualTo(new GroupId(1));
  }

  @Test
  void theFirstAcceptedAttemptWinsAndTheOtherIsDiscarded() {
    GroupDispatch dispatch = dispatch(0, 1);
    LeaseId first = dispatch.grant("a", START).orElseThrow().id();
    dispatch.expire(first);
    LeaseId second = dispatch.grant("b", START).orElseThrow().id();

    assertThat(dispatch.offered(first, 0)).isEqualTo(new GroupDispatch.Verdict.Keep());
    assertThat(dispatch.offered(second, 0))
        .isEqualTo(new GroupDispatch.Verdict.Discard("attempt 1 was first"));
    assertThat(dispatch.offered(first, 0)).isEqualTo(new GroupDispatch.Verdict.Keep());
    assertThat(dispatch.progress(second, 0, 9, START)).isFalse();
  }

  @Test
  void aResultOfAnOlderTermIsDiscarded() {
    GroupDispatch dispatch =
        new GroupDispatch(2, terms(), new StalenessGate(0, 1, 100), this::nextRow, event -> {});
    LeaseId current = dispatch.grant("a", START).orElseThrow().id();

    assertThat(dispatch.offered(new LeaseId(1, current.group(), 1), 0))
        .isInstanceOf(GroupDispatch.Verdict.Discard.class);
    assertThat(dispatch.offered(current, 0)).isEqualTo(new GroupDispatch.Verdict.Keep());
  }

  @Test
  void aResultOverTheBoundIsDiscardedAndItsPromptAskedAgain() {
    GroupDispatch dispatch = dispatch(0, 1);
    acceptAndCommit(dispatch, grantAll(dispatch));
    LeaseId old = dispatch.grant("a", START).orElseThrow().id();

    assertThat(dispatch.offered(old, 0))
        .isEqualTo(new GroupDispatch.Verdict.Discard("sampled at step 0, the learner is at 1"));

    assertThat(dispatch.grant("a", START).orElseThrow().id())
        .isEqualTo(new LeaseId(1, old.group(), 2));
  }

  @Test
  void aRunningGroupThatTheNextStepWouldOutgrowIsAStraggler() {
    GroupDispatch dispatch = dispatch(1, 1);
    LeaseId slow = dispatch.grant("a", START).orElseThrow().id();
    RolloutLease fast = dispatch.grant("a", START).orElseThrow();
    assertThat(dispatch.stragglers()).isEmpty();

    acceptAndCommit(dispatch, List.of(fast));

    assertThat(dispatch.stragglers()).extracting(LeaseTable.Entry::id).containsExactly(slow);
  }

  @Test
  void aBadRowIsSetAsideWithItsPlaceAndTheNextRowIsAsked() {
    List<PromptFeed.Visit> rows =
        new ArrayList<>(List.of(new PromptFeed.Visit.Bad("train.jsonl:7", "no image"), nextRow()));
    GroupDispatch dispatch =
        new GroupDispatch(1, terms(), new StalenessGate(0, 1, 9), rows::removeFirst, event -> {});

    assertThat(dispatch.grant("a", START).orElseThrow().id().group()).isEqualTo(new GroupId(1));

    assertThat(dispatch.states())
        .containsEntry(new GroupId(0), new GroupState.SetAside("train.jsonl:7: no image"));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void whateverHappensEveryVisitIsInOneStateAndNothingOldIsLearnedFrom(long seed) {
    Random random = new Random(seed);
    int maxStaleness = random.nextInt(3);
    GroupDispatch dispatch = dispatch(maxStaleness, 1 + random.nextInt(3));
    List<RolloutLease> handedOut = new ArrayList<>();

    for (int turn = 0; turn < 2_000; turn++) {
      happens(random, dispatch, handedOut, maxStaleness);

      GroupLedger.Counts counts = dispatch.counts();
      assertThat(counts.total()).isEqualTo(dispatch.states().size());
      assertThat(counts.waiting() + counts.leased() + counts.accepted())
          .isLessThanOrEqualTo((maxStaleness + 1) * 3 + counts.waiting());
    }
    assertThat(dispatch.counts().trained()).isPositive();
  }

  private static void happens(
      Random random, GroupDispatch dispatch, List<RolloutLease> handedOut, int maxStaleness) {
    Optional<RolloutLease> some =
        handedOut.isEmpty()
            ? Optional.empty()
            : Optional.of(handedOut.get(random.nextInt(handedOut.size())));
    long sampledAt = Math.max(0, dispatch.step() - random.nextInt(4));
    switch (random.nextInt(8)) {
      case 0, 1, 2 -> dispatch.grant("w" + random.nextInt(3), START).ifPresent(handedOut::add);
      case 3 -> some.ifPresent(lease -> dispatch.offered(lease.id(), sampledAt));
      case 4 -> some.ifPresent(lease -> dispatch.offered(lease.id(), dispatch.step()));
      case 5 -> some.ifPresent(lease -> dispatch.expire(lease.id()));
      case 6 -> some.ifPresent(lease -> dispatch.giveBack(lease.id(), "worker left"));
      default -> commitIfReady(dispatch, maxStaleness);
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
      dispatch.committed(dispatch.step() + 1, batch);
    }
  }

  private static void acceptAndCommit(GroupDispatch dispatch, List<RolloutLease> leases) {
    for (RolloutLease lease : leases) {
      assertThat(dispatch.offered(lease.id(), dispatch.step()))
          .isEqualTo(new GroupDispatch.Verdict.Keep());
    }
    dispatch.committed(
        dispatch.step() + 1, leases.stream().map(lease -> lease.id().group()).toList());
  }

  private static List<RolloutLease> grantAll(GroupDispatch dispatch) {
    List<RolloutLease> all = new ArrayList<>();
    Optional<RolloutLease> lease = dispatch.grant("a", START);
    while (lease.isPresent()) {
      all.add(lease.get());
      lease = dispatch.grant("a", START);
    }
    return all;
  }

  private GroupDispatch dispatch(int maxStaleness, int groupsPerStep) {
    return new GroupDispatch(
        1,
        terms(),
        new StalenessGate(maxStaleness, groupsPerStep, 1_000_000),
        this::nextRow,
        event -> {});
  }

  private static GroupDispatch.Terms terms() {
    return new GroupDispatch.Terms(7, 8, SamplingSettings.atTemperature(1, 32), PATIENCE, 3);
  }

  private PromptFeed.Visit nextRow() {
    row++;
    return new PromptFeed.Visit.Ready(
        new Prompt("train.jsonl:" + row, "rec", "question " + row, List.of(), "", Map.of()));
  }
}
