package dev.sampo.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.actors.run.FailedScorings.Consequence;
import dev.sampo.protocol.GroupId;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class FailedScoringsTest {
  private static final Instant START = Instant.EPOCH;
  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final Instant LATE = START.plus(PATIENCE).plusSeconds(1);
  private static final GroupId FIRST = new GroupId(0);
  private static final GroupId SECOND = new GroupId(1);

  private final FailedScorings scorings = new FailedScorings(3);

  @Test
  void aGroupIsSetAsideWhenItHasFailedOftenEnoughOnRewardsThatWorkElsewhere() {
    assertThat(ofRow(FIRST, START)).isEqualTo(Consequence.ASK_AGAIN);
    assertThat(outOfOrder(FIRST, START)).isEqualTo(Consequence.ASK_AGAIN);
    assertThat(ofRow(SECOND, START)).isEqualTo(Consequence.ASK_AGAIN);
    assertThat(ofRow(FIRST, LATE)).isEqualTo(Consequence.ASK_AGAIN);

    assertThat(ofRow(FIRST, LATE)).isEqualTo(Consequence.SET_ASIDE);
  }

  @Test
  void whileRewardsAreOutOfOrderNothingSpeaksAgainstAGroup() {
    for (int times = 0; times < 100; times++) {
      assertThat(outOfOrder(FIRST, START)).isEqualTo(Consequence.ASK_AGAIN);
      assertThat(outOfOrder(SECOND, START.plus(PATIENCE))).isEqualTo(Consequence.ASK_AGAIN);
    }

    assertThat(scorings.lasting(LATE)).isEqualTo(PATIENCE.plusSeconds(1));
  }

  @Test
  void whenPatienceIsOverOtherGroupsAreTriedAndIfTheyFailAsWellTheRunIsOver() {
    outOfOrder(FIRST, START);
    assertThat(scorings.isHeldBack(FIRST)).isFalse();

    assertThat(outOfOrder(FIRST, LATE)).isEqualTo(Consequence.ASK_AGAIN);
    assertThat(scorings.isHeldBack(FIRST)).isTrue();
    assertThat(scorings.isHeldBack(SECOND)).isFalse();

    assertThat(outOfOrder(SECOND, LATE)).isEqualTo(Consequence.ASK_AGAIN);
    assertThat(scorings.isHeldBack(SECOND)).isTrue();
    assertThat(outOfOrder(new GroupId(2), LATE)).isEqualTo(Consequence.ASK_AGAIN);
    assertThat(outOfOrder(new GroupId(3), LATE)).isEqualTo(Consequence.END_RUN);
  }

  @Test
  void whatIsScoredEndsTheOutage() {
    outOfOrder(FIRST, START);
    outOfOrder(FIRST, LATE);

    scorings.scored();

    assertThat(scorings.isHeldBack(FIRST)).isFalse();
    assertThat(scorings.lasting(LATE)).isZero();
    assertThat(outOfOrder(SECOND, LATE)).isEqualTo(Consequence.ASK_AGAIN);
  }

  @Test
  void aFailureOfARowShowsThatRewardsWork() {
    outOfOrder(FIRST, START);

    ofRow(SECOND, START);

    assertThat(scorings.lasting(LATE)).isZero();
  }

  @Test
  void aGroupThatFailsForTooLongWhileOthersAreScoredIsSetAside() {
    for (int times = 0; times < 100; times++) {
      assertThat(outOfOrder(FIRST, START)).isEqualTo(Consequence.ASK_AGAIN);
      scorings.scored();
    }

    assertThat(outOfOrder(FIRST, LATE)).isEqualTo(Consequence.SET_ASIDE);
  }

  @Test
  void fewFailuresOrNoScoreOfAnotherDoNotSetAGroupAside() {
    outOfOrder(FIRST, START);
    scorings.scored();
    assertThat(outOfOrder(FIRST, LATE)).as("the second").isEqualTo(Consequence.ASK_AGAIN);
    assertThat(outOfOrder(FIRST, LATE)).as("nothing scored").isEqualTo(Consequence.ASK_AGAIN);
    scorings.scored();

    assertThat(outOfOrder(FIRST, LATE)).isEqualTo(Consequence.SET_ASIDE);
  }

  private Consequence ofRow(GroupId group, Instant now) {
    return scorings.failed(group, true, now, PATIENCE);
  }

  private Consequence outOfOrder(GroupId group, Instant now) {
    return scorings.failed(group, false, now, PATIENCE);
  }
}
