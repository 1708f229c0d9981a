package dev.sampo.learner.batch;

import dev.sampo.learner.objective.Aggregation;
import dev.sampo.learner.objective.GroupAdvantages;
import dev.sampo.learner.objective.LossScale;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ScoredGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The groups of one optimizer step with their advantages, cut into micro-batches.
 *
 * @param groups the groups in the order they were given
 * @param advantages one result per group
 * @param packing how many consecutive groups go into each micro-batch
 */
public record TrainingBatch(
    List<ScoredGroup> groups, List<GroupAdvantages.Result> advantages, List<Integer> packing) {
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
      List<ScoredGroup> groups, GroupAdvantages advantages, int tokenBudget) {
    List<Long> sizes = groups.stream().map(group -> numTokens(group.group())).toList();
    return of(groups, advantages, TokenBudget.pack(sizes, tokenBudget));
  }

  /** The same groups in a packing that was recorded. */
  public static TrainingBatch of(
      List<ScoredGroup> groups, GroupAdvantages advantages, List<Integer> packing) {
    List<GroupAdvantages.Result> results =
        groups.stream()
            .map(group -> group.scores().stream().map(CompletionScore::total).toList())
            .map(advantages::of)
            .toList();
    return new TrainingBatch(groups, results, packing);
  }

  /** Tokens of a group in a tree: its prompt once, its rows padded to the longest. */
  private static long numTokens(CompletionGroup group) {
    int longest =
        group.completions().stream().mapToInt(c -> c.tokens().length()).max().orElseThrow();
    return group.promptTokens().length() + (long) longest * group.completions().size();
  }

  /** The denominators of the step: completions and tokens that have a score. */
  public LossScale scale(Aggregation aggregation) {
    long rows = 0;
    long tokens = 0;
    for (ScoredGroup group : groups) {
      for (int i = 0; i < group.scores().size(); i++) {
        if (group.scores().get(i).total().isPresent()) {
          rows++;
          tokens += group.group().completions().get(i).tokens().length();
        }
      }
    }
    return new LossScale(aggregation, rows, tokens);
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
