package dev.sampo.learner.batch;

import dev.sampo.learner.advantage.Advantages;
import dev.sampo.learner.advantage.CompletionOutcome;
import dev.sampo.learner.advantage.CompletionUse;
import dev.sampo.learner.advantage.GroupAdvantages;
import dev.sampo.learner.objective.Aggregation;
import dev.sampo.learner.objective.LossScale;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.ScoredGroup;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The groups of one optimizer step with their advantages, cut into micro-batches.
 *
 * @param groups the groups in the order they were given
 * @param advantages one result per group
 * @param packing how many consecutive groups go into each micro-batch
 */
public record TrainingBatch(
    List<ScoredGroup> groups, List<GroupAdvantages> advantages, List<Integer> packing) {
  public TrainingBatch {
    groups = List.copyOf(groups);
    advantages = List.copyOf(advantages);
    packing = List.copyOf(packing);
    if (groups.isEmpty() || advantages.size() != groups.size()) {
      throw new IllegalArgumentException(
          "a batch has groups and one advantage result each, got %d groups and %d results"
              .formatted(groups.size(), advantages.size()));
    }
    if (packing.stream().anyMatch(n -> n < 1)
        || packing.stream().mapToInt(n -> n).sum() != groups.size()) {
      throw new IllegalArgumentException(
          "the packing %s does not divide %d groups".formatted(packing, groups.size()));
    }
    double temperature = groups.getFirst().group().sampling().temperature();
    if (groups.getFirst().group().sampling().isGreedy()
        || groups.stream().anyMatch(g -> g.group().sampling().temperature() != temperature)) {
      throw new IllegalArgumentException(
          "the groups of a step are sampled at one temperature above 0, got "
              + groups.stream().map(g -> g.group().sampling().temperature()).distinct().toList());
    }
  }

  /**
   * Packs groups by {@link TokenBudget}.
   *
   * @param tokenBudget tokens that pass the network at once, each prompt counted once
   */
  public static TrainingBatch pack(
      List<ScoredGroup> groups, Advantages advantages, int tokenBudget) {
    List<Long> sizes = groups.stream().map(group -> numTokens(group.group())).toList();
    return of(groups, advantages, TokenBudget.pack(sizes, tokenBudget));
  }

  /** The same groups in a packing that was recorded. */
  public static TrainingBatch of(
      List<ScoredGroup> groups, Advantages advantages, List<Integer> packing) {
    List<List<CompletionOutcome>> outcomes = groups.stream().map(TrainingBatch::outcomes).toList();
    return new TrainingBatch(groups, advantages.of(outcomes, longest(groups)), packing);
  }

  /** Tokens of a group in a tree: its prompt once, its rows padded to the longest. */
  private static long numTokens(CompletionGroup group) {
    int longest =
        group.completions().stream().mapToInt(c -> c.tokens().length()).max().orElseThrow();
    return group.promptTokens().length() + (long) longest * group.completions().size();
  }

  /** What the advantages need of a group's completions. */
  private static List<CompletionOutcome> outcomes(ScoredGroup group) {
    List<CompletionOutcome> outcomes = new ArrayList<>();
    for (int i = 0; i < group.scores().size(); i++) {
      CompletionScore score = group.scores().get(i);
      Completion completion = group.group().completions().get(i);
      Map<String, Double> rewards = new HashMap<>();
      score
          .outcomes()
          .forEach((name, outcome) -> {
            if (outcome instanceof RewardOutcome.Scored(double value)) {
              rewards.put(name, value);
            }
          });
      outcomes.add(
          new CompletionOutcome(
              score.total(),
              rewards,
              completion.tokens().length(),
              completion.stop().isTruncated()));
    }
    return outcomes;
  }

  /** The longest completion that sampling allows. */
  private static int longest(List<ScoredGroup> groups) {
    return groups.stream().mapToInt(g -> g.group().sampling().maxTokens()).max().orElse(1);
  }

  /** The denominators of the step: what counts of its completions and tokens. */
  public LossScale scale(Aggregation aggregation) {
    long rows = 0;
    long liveRows = 0;
    long prompts = 0;
    long tokens = 0;
    for (int g = 0; g < groups.size(); g++) {
      List<CompletionUse> uses = advantages.get(g).uses();
      for (int i = 0; i < uses.size(); i++) {
        if (uses.get(i) != CompletionUse.OUT) {
          rows++;
        }
        if (uses.get(i) == CompletionUse.LIVE) {
          liveRows++;
          tokens += groups.get(g).group().completions().get(i).tokens().length();
        }
      }
      if (uses.stream().anyMatch(use -> use != CompletionUse.OUT)) {
        prompts++;
      }
    }
    int length = aggregation.length().orElse(longest(groups));
    return new LossScale(aggregation, rows, liveRows, prompts, tokens, length);
  }

  /** The micro-batches in order. */
  public List<MicroBatch> microBatches() {
    List<MicroBatch> result = new ArrayList<>();
    int from = 0;
    for (int size : packing) {
      List<MicroBatch.Member> members =
          IntStream.range(from, from + size)
              .mapToObj(i -> new MicroBatch.Member(groups.get(i), advantages.get(i)))
              .toList();
      result.add(new MicroBatch(members));
      from += size;
    }
    return result;
  }

  /** The temperature that all groups were sampled at. */
  public double temperature() {
    return groups.getFirst().group().sampling().temperature();
  }

  public List<GroupId> ids() {
    return groups.stream().map(ScoredGroup::id).toList();
  }
}
