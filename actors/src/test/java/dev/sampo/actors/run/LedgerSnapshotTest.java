package dev.sampo.actors.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LedgerSnapshot;
import dev.sampo.protocol.wire.WireCodec;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** A ledger that is read from a snapshot against one that has seen all events. */
final class LedgerSnapshotTest {
  private static final int EVENTS = 120;
  private static final int HISTORIES = 60;

  @Test
  void aSnapshotAndTheEventsAfterItComeToWhatAllEventsComeTo() {
    for (int seed = 0; seed < HISTORIES; seed++) {
      List<LedgerEvent> events = new RandomHistory(seed).events(EVENTS);
      long last = steps(events, EVENTS);
      for (int at = 2; at < EVENTS; at += 3) {
        long step = oldest(events, at);
        GroupLedger read = GroupLedger.of(snapshot(events, at, step));
        events.subList(at, EVENTS).forEach(read::apply);
        GroupLedger all = ledger(events, EVENTS);

        assertThat(read.snapshot(last))
            .as("seed %d, event %d", seed, at)
            .isEqualTo(all.snapshot(last));
        assertThat(read.counts()).isEqualTo(all.counts());
        assertThat(read.nextGroup()).isEqualTo(all.nextGroup());
        assertThat(read.lastSegment()).isEqualTo(all.lastSegment());
        assertThat(read.history().step()).isEqualTo(all.history().step());
        for (long group = 0; group < all.nextGroup().value(); group++) {
          assertSame(read, all, new GroupId(group));
        }
      }
    }
  }

  @Test
  void itsSizeDoesNotGrowWithWhatHasEnded() {
    List<LedgerEvent> events = new RandomHistory(1).events(4_000);
    long step = steps(events, events.size());

    LedgerSnapshot snapshot = snapshot(events, events.size(), step);

    assertThat(snapshot.settled().total()).isGreaterThan(500);
    assertThat(snapshot.versions()).hasSizeLessThan(40); // as far back as the published one
    assertThat(snapshot.groups())
        .allMatch(group ->
            !(group instanceof LedgerSnapshot.Group.Trained(var _, long at))
                || at > snapshot.oldestStep())
        .hasSizeLessThan(
            ledger(events, events.size()).counts().waiting()
                + ledger(events, events.size()).counts().accepted()
                + 100);
  }

  @Test
  void whoGoesBackBehindASnapshotIsRefused() {
    for (int seed = 0; seed < HISTORIES; seed++) {
      List<LedgerEvent> events = new RandomHistory(seed).events(EVENTS);
      LedgerSnapshot snapshot = snapshot(events, EVENTS, Long.MAX_VALUE);
      if (snapshot.oldestStep() > 0) {
        GroupLedger read = GroupLedger.of(snapshot);
        long before = snapshot.oldestStep() - 1;
        LedgerEvent term =
            new LedgerEvent.TermOpened(
                read.history().term() + 1,
                new PolicyVersion("run", 99, before, "weights"),
                LongStream.rangeClosed(before + 1, read.history().step()).boxed().toList());

        assertThatThrownBy(() -> read.apply(term))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("it knows nothing before step " + snapshot.oldestStep());
        assertThat(read.snapshot(0)).isEqualTo(snapshot);
      }
    }
  }

  /** A group that is settled has ended, in whatever way. */
  private static void assertSame(GroupLedger read, GroupLedger all, GroupId group) {
    GroupState expected = all.state(group).orElseThrow();
    GroupState found = read.state(group).orElseThrow();
    if (found instanceof GroupState.Settled) {
      assertThat(expected).isInstanceOf(GroupState.End.class);
    } else {
      assertThat(found).isEqualTo(expected);
    }
    assertThat(read.source(group)).isEqualTo(all.source(group));
  }

  private static LedgerSnapshot snapshot(List<LedgerEvent> events, int at, long step) {
    return WireCodec.decodeLedgerSnapshot(WireCodec.encode(ledger(events, at).snapshot(step)));
  }

  private static GroupLedger ledger(List<LedgerEvent> events, int at) {
    GroupLedger ledger = new GroupLedger();
    events.subList(0, at).forEach(ledger::apply);
    return ledger;
  }

  private static long steps(List<LedgerEvent> events, int at) {
    return ledger(events, at).history().step();
  }

  /** The oldest step that the rest of the history goes back to. */
  private static long oldest(List<LedgerEvent> events, int at) {
    return events.subList(at, events.size()).stream()
        .filter(LedgerEvent.TermOpened.class::isInstance)
        .mapToLong(event -> ((LedgerEvent.TermOpened) event).from().step())
        .reduce(steps(events, at), Math::min);
  }
}
