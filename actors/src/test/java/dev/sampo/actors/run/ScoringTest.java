package dev.sampo.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.LogProbs;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StopReason;
import dev.sampo.protocol.TokenIds;
import dev.sampo.protocol.VersionSpan;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class ScoringTest {
  private static final CompletionScore GOOD =
      new CompletionScore(Map.of("judge", new RewardOutcome.Scored(1)), OptionalDouble.of(1));
  private static final CompletionScore DOWN = without(new RewardOutcome.Failed("refused"));
  private static final CompletionScore THROWS = without(new RewardOutcome.Failed("no box", true));
  private static final CompletionScore NEVER = without(new RewardOutcome.Unscorable("no answer"));

  @Test
  void twoTotalsAreEnough() {
    assertThat(Scoring.of(group(GOOD, DOWN, GOOD))).isEqualTo(new Scoring.Usable());
  }

  @Test
  void whatCannotBeScoredIsOfNoUseEvenIfAllElseWorked() {
    assertThat(Scoring.of(group(NEVER, GOOD, NEVER)))
        .isEqualTo(
            new Scoring.Unscorable(
                "train.jsonl:1: 1 of 3 completions could be scored:"
                    + " {judge=Unscorable[reason=no answer]}"));
    assertThat(Scoring.of(group(NEVER, DOWN))).isInstanceOf(Scoring.Unscorable.class);
  }

  @Test
  void theRowIsToBlameWhereItWouldFailWithRewardsThatAreBackToo() {
    assertThat(Scoring.of(group(THROWS, GOOD, DOWN)))
        .isEqualTo(
            failed("1 of 3 completions could be scored: reward judge failed: refused", false));
    assertThat(Scoring.of(group(DOWN, THROWS, THROWS)))
        .isEqualTo(failed("0 of 3 completions could be scored: reward judge failed: no box", true));
  }

  @Test
  void aCompletionThatOneRewardFailsOnForItsOwnSakeIsNotSavedByTheReturnOfAnother() {
    CompletionScore both =
        new CompletionScore(
            Map.of(
                "judge", new RewardOutcome.Failed("refused"),
                "boxes", new RewardOutcome.Failed("no box", true)),
            OptionalDouble.empty());

    assertThat(Scoring.of(group(both, both)))
        .isEqualTo(failed("0 of 2 completions could be scored: reward boxes failed: no box", true));
  }

  private static Scoring failed(String reason, boolean isOfRow) {
    return new Scoring.Failed("train.jsonl:1: " + reason, isOfRow);
  }

  private static CompletionScore without(RewardOutcome outcome) {
    return new CompletionScore(Map.of("judge", outcome), OptionalDouble.empty());
  }

  private static ScoredGroup group(CompletionScore... scores) {
    Completion completion =
        new Completion(
            TokenIds.of(1),
            LogProbs.of(-1f),
            List.of(new VersionSpan(0, new PolicyVersion("run", 1, 0, "0"))),
            StopReason.END_OF_TURN,
            "text");
    return new ScoredGroup(
        new CompletionGroup(
            new LeaseId(1, new GroupId(0), 1),
            new Prompt("train.jsonl:1", "rec", "where?", List.of(), "", Map.of()),
            TokenIds.of(1),
            List.of(),
            SamplingSettings.atTemperature(1, 8),
            1,
            Collections.nCopies(scores.length, completion),
            "worker"),
        List.of(scores));
  }
}
