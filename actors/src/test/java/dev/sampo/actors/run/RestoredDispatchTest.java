package dev.sampo.actors.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.actors.RunFailedException;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LogPlace;
import dev.sampo.protocol.wire.WireCodec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A run that is left and gone on with from its events alone. Two groups a step, staleness 1. */
class RestoredDispatchTest {
  private static final Instant START = Instant.EPOCH;
  private final List<LedgerEvent> events = new ArrayList<>();
  private String source = "train.jsonl";

  @Test
  void finishedAndAcceptedGroupsAreKeptAndRunningOnesAreAskedAgain() {
    GroupDispatch before = begin();
    List<RolloutLease> leases = grantAll(before);
    accept(before, leases.get(0), leases.get(1));
    commit(before, 1, 0, 1);
    accept(before, leases.get(2));

    GroupDispatch after = resume(version(1, 1), Set.of(new GroupId(2)));

    assertThat(after.states()).hasSize(4);
    assertThat(after.states().get(new GroupId(0))).isEqualTo(new GroupState.Trained(1));
    assertThat(after.states().get(new GroupId(2))).isInstanceOf(GroupState.Accepted.class);
    RolloutLease again = after.grant("a", Set.of(), START).orElseThrow();
    assertThat(again.id()).isEqualTo(new LeaseId(2, new GroupId(3), 1));
    assertThat(again.seed()).isEqualTo(leases.get(3).seed());
    assertThat(again.prompt()).isEqualTo(leases.get(3).prompt());
  }

  @Test
  void stepsThatWereLeftOutSinceTheLastOneAreCountedOn() {
    GroupDispatch before = begin();
    List<RolloutLease> leases = grantAll(before);
    accept(before, leases.get(0), leases.get(1));
    before.skipped(List.of(new GroupId(0)), List.of(new GroupId(1)), "not finite");

    GroupDispatch after = resume(version(1, 0), Set.of());

    assertThat(after.numSkipped()).isEqualTo(1);
    assertThat(after.counts().setAside()).isEqualTo(1);
    RolloutLease again = after.grant("a", Set.of(), START).orElseThrow();
    assertThat(again.id().group()).isEqualTo(new GroupId(1));
    accept(after, again, after.grant("a", Set.of(), START).orElseThrow());
    commit(after, 1, 1, 2);
    assertThat(resume(version(1, 1), Set.of()).numSkipped()).isZero();
  }

  @Test
  void theQuotaIsThatOfARunThatWasNeverLeft() {
    GroupDispatch before = begin();
    List<RolloutLease> leases = grantAll(before);
    accept(before, leases.get(0), leases.get(1), leases.get(2));
    commit(before, 1, 0, 1);

    GroupDispatch after = resume(version(1, 1), Set.of(new GroupId(2)));

    // 3 steps' worth of groups, 2 of them trained and 1 accepted
    assertThat(grantAll(after)).hasSize(3);
    assertThat(after.counts().total()).isEqualTo(6);
  }

  @Test
  void aResultThatWasBeingRecordedIsAskedAgain() {
    GroupDispatch before = begin();
    before.offered(grantAll(before).getFirst().id(), Set.of(version(1, 0)));

    GroupDispatch after = resume(version(1, 0), Set.of(new GroupId(0)));

    assertThat(after.grant("a", Set.of(), START).orElseThrow().id().group())
        .isEqualTo(new GroupId(0));
  }

  @Test
  void anAcceptedGroupThatNobodyHoldsIsAskedAgain() {
    GroupDispatch before = begin();
    accept(before, grantAll(before).getFirst());

    GroupDispatch after = resume(version(1, 0), Set.of());

    assertThat(after.grant("a", Set.of(), START).orElseThrow().id().group())
        .isEqualTo(new GroupId(0));
    assertThat(events)
        .contains(new LedgerEvent.GroupReturned(new GroupId(0), "its result was not kept"));
  }

  @Test
  void aRunningLeaseGoesOnUnderTheNewTermAndItsResultIsKept() {
    LeaseId running = grantAll(begin()).getFirst().id();

    GroupDispatch after = resume(version(1, 0), Set.of());

    assertThat(after.progress(running, "a", 0, 5, START)).isTrue();
    assertThat(grantAll(after))
        .extracting(lease -> lease.id().group())
        .doesNotContain(running.group());
    assertThat(after.offered(running, Set.of(version(1, 0))))
        .isEqualTo(new GroupDispatch.Verdict.Keep());
  }

  @Test
  void aLeaseThatWasGrantedAgainMeanwhileIsNotAdopted() {
    LeaseId running = grantAll(begin()).getFirst().id();
    GroupDispatch after = resume(version(1, 0), Set.of());
    grantAll(after);

    assertThat(after.progress(running, "a", 0, 5, START)).isFalse();
  }

  @Test
  void abandonedStepsAreAskedAgainAndWhatTheirWeightsSampledIsFenced() {
    GroupDispatch before = begin();
    List<RolloutLease> leases = grantAll(before);
    accept(before, leases.get(0), leases.get(1));
    commit(before, 1, 0, 1);
    before.published(version(1, 1));
    RolloutLease late = grantAll(before).getFirst();
    accept(before, late, version(1, 1));
    accept(before, leases.get(2));

    GroupDispatch after = resume(version(2, 0), Set.of(new GroupId(2), late.id().group()));

    GroupLedger ledger = new GroupLedger();
    events.forEach(ledger::apply);
    assertThat(ledger.history().published()).isEmpty();
    assertThat(after.step()).isZero();
    assertThat(after.counts().trained()).isZero();
    assertThat(after.counts().accepted()).isEqualTo(1); // group 2, of the common history
    assertThat(after.states().get(late.id().group())).isEqualTo(new GroupState.Waiting());
    assertThat(after.progress(leases.get(3).id(), "a", 0, 5, START)).isFalse();
    RolloutLease again = after.grant("a", Set.of(), START).orElseThrow();
    assertThat(after.offered(again.id(), Set.of(version(1, 1))))
        .isInstanceOf(GroupDispatch.Verdict.Discard.class);
    assertThatThrownBy(() -> commit(after, 1, 2))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("learner term 1");
  }

  @Test
  void aStepThatIsCommittedAgainChangesNothing() {
    GroupDispatch dispatch = begin();
    List<RolloutLease> leases = grantAll(dispatch);
    accept(dispatch, leases.get(0), leases.get(1));
    commit(dispatch, 1, 0, 1);
    int written = events.size();

    commit(dispatch, 1, 0, 1);

    assertThat(events).hasSize(written);
    assertThat(dispatch.counts().trained()).isEqualTo(2);
  }

  @Test
  void aLearnerThatIsElsewhereThanTheLedgerIsRefused() {
    begin();

    assertThatThrownBy(() -> resume(version(1, 3), Set.of()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("accounts for steps up to 3 of 0");
  }

  @Test
  void changedDataIsAClearError() {
    grantAll(begin());
    source = "other.jsonl";
    GroupDispatch after = resume(version(1, 0), Set.of());

    assertThatThrownBy(() -> after.grant("a", Set.of(), START))
        .isInstanceOf(RunFailedException.class)
        .hasMessageContaining("group 0 was asked from train.jsonl:0, which is other.jsonl:0 now");
  }

  private GroupDispatch begin() {
    return resume(version(1, 0), Set.of());
  }

  /** From the bytes of the events and nothing else. */
  private GroupDispatch resume(PolicyVersion version, Set<GroupId> held) {
    GroupLedger ledger = new GroupLedger();
    events.forEach(event -> ledger.apply(WireCodec.decodeLedgerEvent(WireCodec.encode(event))));
    GroupDispatch dispatch =
        new GroupDispatch(
            ledger,
            new GroupDispatch.Terms(
                7, "s", 8, SamplingSettings.atTemperature(1, 32), Duration.ofSeconds(10), 3),
            new StalenessGate(1, 2, 100),
            this::row,
            events::add,
            lease -> {});
    dispatch.openTerm(version, held);
    return dispatch;
  }

  private PromptFeed.Visit row(GroupId group) {
    return new PromptFeed.Visit.Ready(
        new Prompt(source + ":" + group.value(), "rec", "question", List.of(), "", Map.of()));
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

  private static void accept(GroupDispatch dispatch, RolloutLease... leases) {
    for (RolloutLease lease : leases) {
      accept(dispatch, lease, version(1, 0));
    }
  }

  private static void accept(GroupDispatch dispatch, RolloutLease lease, PolicyVersion sampler) {
    assertThat(dispatch.offered(lease.id(), Set.of(sampler)))
        .isEqualTo(new GroupDispatch.Verdict.Keep());
    dispatch.recorded(lease.id(), Optional.of(new LogPlace(0, lease.id().group().value())));
  }

  private static void commit(GroupDispatch dispatch, long step, long... groups) {
    List<GroupId> ids = Arrays.stream(groups).mapToObj(GroupId::new).toList();
    dispatch.committed(new StepCommitted(version(1, step), ids, List.of(ids.size()), 0.1));
  }

  private static PolicyVersion version(int term, long step) {
    return new PolicyVersion("run", term, step, "hash " + term + "/" + step);
  }
}
