package dev.sampo.simulation;

import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.LogProbs;
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

/** Results of a term that is over. */
final class Ghost {
  private static final String NAME = "ghost";

  private Ghost() {}

  /** Whether it is such a result, whatever it says about its term. */
  static boolean isOne(CompletionGroup group) {
    return group.worker().equals(NAME);
  }

  /** A scored group that was leased in {@code term} and sampled by its weights of {@code step}. */
  static ScoredGroup group(long id, int term, long step) {
    Completion completion =
        new Completion(
            TokenIds.of(1),
            LogProbs.of(0),
            List.of(new VersionSpan(0, FakeTrainer.versionOf(term, step))),
            StopReason.END_OF_TURN,
            "");
    CompletionScore score =
        new CompletionScore(Map.of("r", new RewardOutcome.Scored(1)), OptionalDouble.of(1));
    return new ScoredGroup(
        new CompletionGroup(
            new LeaseId(term, new GroupId(id), 1),
            new Prompt("rows:1", "rec", "question", List.of(), "", Map.of()),
            TokenIds.of(1),
            List.of(),
            SamplingSettings.atTemperature(1, 200),
            id,
            Collections.nCopies(Learning.GROUP_SIZE, completion),
            NAME),
        Collections.nCopies(Learning.GROUP_SIZE, score));
  }
}
