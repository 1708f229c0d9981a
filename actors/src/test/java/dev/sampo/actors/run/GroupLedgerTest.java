package dev.sampo.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ledger.LedgerEvent;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A ledger that forgets against one that does not. */
final class GroupLedgerTest {
  private static final int MOST = 60;

  @Test
  void whatIsForgottenIsCountedAndNothingElseChanges() {
    for (int seed = 0; seed < 20; seed++) {
      List<LedgerEvent> events = new RandomHistory(seed).events(2_000);
      GroupLedger all = new GroupLedger();
      GroupLedger forgetful = new GroupLedger();
      for (LedgerEvent event : events) {
        if (event instanceof LedgerEvent.TermOpened(long _, var from, var _)
            && from.step() < forgetful.history().oldestStep()) {
          break; // that is refused
        }
        all.apply(event);
        forgetful.apply(event);
        if (all.counts().total() == 2 * MOST) {
          forgetful.forgetEnded(MOST);
        }
        assertThat(forgetful.counts()).isEqualTo(all.counts());
      }

      assertThat(forgetful.states()).hasSizeLessThan(all.states().size());
      assertThat(forgetful.nextGroup()).isEqualTo(all.nextGroup());
      assertThat(forgetful.history().step()).isEqualTo(all.history().step());
      assertThat(forgetful.history().published()).isEqualTo(all.history().published());
      assertThat(forgetful.states())
          .hasSizeLessThan(all.counts().waiting() + all.counts().accepted() + 2 * MOST);
      for (long number = 0; number < all.nextGroup().value(); number++) {
        GroupId group = new GroupId(number);
        GroupState state = all.state(group).orElseThrow();
        GroupState found = forgetful.state(group).orElseThrow();
        assertThat(
                (found instanceof GroupState.Settled && state instanceof GroupState.End)
                    || found.equals(state))
            .as("seed %d, group %d: %s, %s", seed, number, found, state)
            .isTrue();
      }
    }
  }

  @Test
  void aSnapshotReachesAsFarBackAsIsRemembered() {
    List<LedgerEvent> events = new RandomHistory(3).events(2_000);
    GroupLedger forgetful = new GroupLedger();
    events.forEach(forgetful::apply);
    forgetful.forgetEnded(MOST);
    GroupLedger all = new GroupLedger();
    events.forEach(all::apply);

    assertThat(forgetful.snapshot(0).oldestStep()).isPositive();
    assertThat(forgetful.snapshot(0)).isEqualTo(all.snapshot(forgetful.history().oldestStep()));
  }
}
