package dev.sampo.actors.run;

import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.ScoredGroup;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** What a group is worth after its rewards: without two totals there is no advantage in it. */
public sealed interface Scoring {

  /** Two completions or more have a total; the others count nowhere. */
  record Usable() implements Scoring {}

  /** It could not be scored, and never will be. */
  record Unscorable(String reason) implements Scoring {}

  /**
   * Rewards failed, and without that it might be usable.
   *
   * @param reason names the row and the first reward that failed
   * @param isOfRow whether these rewards work elsewhere: the row, not the rewards, is to blame
   */
  record Failed(String reason, boolean isOfRow) implements Scoring {}

  /** Weighs the scores of a group. */
  static Scoring of(ScoredGroup group) {
    long numScored = group.scores().stream().filter(score -> score.total().isPresent()).count();
    if (numScored >= 2) {
      return new Usable();
    }
    List<CompletionScore> failed =
        group.scores().stream()
            .filter(score -> score.total().isEmpty())
            .filter(score -> failure(score, _ -> true).isPresent())
            .toList();
    if (numScored + failed.size() < 2) {
      return new Unscorable(
          reason(group, numScored, String.valueOf(group.scores().getFirst().outcomes())));
    }
    // A completion on which one function fails for its own sake gets no total when others are back.
    List<CompletionScore> passing =
        failed.stream()
            .filter(score -> failure(score, RewardOutcome.Failed::worksElsewhere).isEmpty())
            .toList();
    boolean isOfRow = numScored + passing.size() < 2;
    String example =
        (isOfRow ? failed : passing)
            .stream()
                .flatMap(score ->
                    failure(score, failure -> failure.worksElsewhere() == isOfRow).stream())
                .findFirst()
                .orElseThrow();
    return new Failed(reason(group, numScored, example), isOfRow);
  }

  private static String reason(ScoredGroup group, long numScored, String why) {
    return "%s: %d of %d completions could be scored: %s"
        .formatted(group.group().prompt().source(), numScored, group.scores().size(), why);
  }

  /** The first reward of a completion that failed so, with the reason. */
  private static Optional<String> failure(
      CompletionScore score, Predicate<RewardOutcome.Failed> matching) {
    for (var outcome : score.outcomes().entrySet()) {
      if (outcome.getValue() instanceof RewardOutcome.Failed failed && matching.test(failed)) {
        return Optional.of("reward %s failed: %s".formatted(outcome.getKey(), failed.reason()));
      }
    }
    return Optional.empty();
  }
}
