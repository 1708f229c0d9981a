package dev.sampo.learner.batch;

import dev.sampo.learner.advantage.CompletionUse;
import dev.sampo.learner.advantage.GroupAdvantages;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.ScoredGroup;
import java.util.DoubleSummaryStatistics;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What can be said of a batch before any network has seen it, by the metric names of TRL. */
public final class BatchMetrics {
  private BatchMetrics() {}

  /**
   * Rewards and lengths of a batch. A reward that no completion has is left out.
   *
   * <ul>
   *   <li>{@code reward}: mean of the total over scored completions, as the functions gave it
   *   <li>{@code reward_std}: mean over groups of the deviation that filters look at, by {@code
   *       advantage.deviation}: of the totals with the penalty of long completions
   *   <li>{@code frac_reward_zero_std}: share of groups where that is 0
   *   <li>{@code filtered/<reason>}: share of groups that are left out of the step for it
   *   <li>{@code rewards/<name>/mean}, {@code rewards/<name>/failed}: mean over what the function
   *       scored, and share of what it could not
   *   <li>{@code num_tokens}, {@code num_sampled_tokens}: tokens of the batch, each prompt once,
   *       and those of completions
   *   <li>{@code completions/*}: lengths in tokens; {@code clipped_ratio} is the share that reached
   *       the longest length, {@code unscored} the share without any score, {@code masked} the
   *       share that a filter leaves without live tokens
   * </ul>
   */
  public static SortedMap<String, Double> of(TrainingBatch batch) {
    SortedMap<String, Double> metrics = new TreeMap<>();
    List<CompletionScore> scores =
        batch.groups().stream().flatMap(group -> group.scores().stream()).toList();
    DoubleSummaryStatistics totals =
        scores.stream()
            .filter(score -> score.total().isPresent())
            .mapToDouble(score -> score.total().orElseThrow())
            .summaryStatistics();
    if (totals.getCount() > 0) {
      metrics.put("reward", totals.getAverage());
    }
    metrics.put(
        "reward_std",
        batch.advantages().stream().mapToDouble(GroupAdvantages::std).average().orElseThrow());
    metrics.put(
        "frac_reward_zero_std",
        batch.advantages().stream().filter(GroupAdvantages::hasZeroVariance).count()
            / (double) batch.groups().size());
    metrics.put(
        "completions/unscored", 1 - totals.getCount() / (double) Math.max(scores.size(), 1));
    addLeftOut(metrics, batch.advantages());
    addTokens(metrics, batch.groups());
    addRewards(metrics, scores);
    addLengths(metrics, batch.groups());
    return metrics;
  }

  /** Shares of groups by the reason why they are left out, where any is. */
  private static void addLeftOut(Map<String, Double> metrics, List<GroupAdvantages> groups) {
    for (GroupAdvantages group : groups) {
      group
          .leftOut()
          .ifPresent(reason ->
              metrics.merge(
                  "filtered/" + reason.name().toLowerCase(Locale.ROOT),
                  1.0 / groups.size(),
                  Double::sum));
    }
    List<CompletionUse> uses = groups.stream().flatMap(group -> group.uses().stream()).toList();
    metrics.put(
        "completions/masked",
        uses.stream().filter(use -> use == CompletionUse.MASKED).count() / (double) uses.size());
  }

  private static void addTokens(Map<String, Double> metrics, List<ScoredGroup> groups) {
    long prompts = groups.stream().mapToLong(g -> g.group().promptTokens().length()).sum();
    long sampled = groups.stream().mapToLong(g -> g.group().numSampledTokens()).sum();
    metrics.put("num_tokens", (double) (prompts + sampled));
    metrics.put("num_sampled_tokens", (double) sampled);
  }

  private static void addRewards(Map<String, Double> metrics, List<CompletionScore> scores) {
    Map<String, DoubleSummaryStatistics> scored = new TreeMap<>();
    Map<String, Integer> failed = new TreeMap<>();
    for (CompletionScore score : scores) {
      score
          .outcomes()
          .forEach((name, outcome) -> {
            failed.putIfAbsent(name, 0);
            switch (outcome) {
              case RewardOutcome.Scored(double value) ->
                  scored.computeIfAbsent(name, key -> new DoubleSummaryStatistics()).accept(value);
              case RewardOutcome.Failed failure -> failed.merge(name, 1, Integer::sum);
              case RewardOutcome.Unscorable row -> {}
            }
          });
    }
    scored.forEach((name, s) -> metrics.put("rewards/" + name + "/mean", s.getAverage()));
    failed.forEach(
        (name, n) -> metrics.put("rewards/" + name + "/failed", n / (double) scores.size()));
  }

  private static void addLengths(Map<String, Double> metrics, List<ScoredGroup> groups) {
    List<Completion> completions =
        groups.stream().flatMap(group -> group.group().completions().stream()).toList();
    IntSummaryStatistics lengths =
        completions.stream().mapToInt(c -> c.tokens().length()).summaryStatistics();
    metrics.put("completions/mean_length", lengths.getAverage());
    metrics.put("completions/min_length", (double) lengths.getMin());
    metrics.put("completions/max_length", (double) lengths.getMax());
    metrics.put(
        "completions/clipped_ratio",
        completions.stream().filter(c -> c.stop().isTruncated()).count()
            / (double) completions.size());
    completions.stream()
        .filter(c -> !c.stop().isTruncated())
        .mapToInt(c -> c.tokens().length())
        .average()
        .ifPresent(mean -> metrics.put("completions/mean_terminated_length", mean));
  }
}
