package dev.sampo.learner.batch;

import dev.sampo.learner.advantage.Advantages;
import dev.sampo.learner.advantage.CompletionOutcome;
import dev.sampo.learner.advantage.GroupAdvantages;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.ScoredGroup;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Gatherers;
import java.util.stream.IntStream;

/**
 * The groups of one step with their advantages, cut into updates of whole groups and these into
 * micro-batches. What has no live token, because its group is left out or nothing of it has a
 * score, is in no micro-batch and so passes no network.
 *
 * @param groups the groups in the order they were given
 * @param advantages one result per group
 * @param updates the groups of every optimizer update, in order
 */
public record TrainingBatch(
    List<ScoredGroup> groups, List<GroupAdvantages> advantages, List<UpdateBatch> updates) {
  public TrainingBatch {
    groups = List.copyOf(groups);
    advantages = List.copyOf(advantages);
    updates = List.copyOf(updates);
    if (groups.isEmpty() || advantages.size() != groups.size()) {
      throw new IllegalArgumentException(
          "a batch has groups and one advantage result each, got %d groups and %d results"
              .formatted(groups.size(), advantages.size()));
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
   * @param groupsPerUpdate groups of one update; 0 makes it one update
   * @param tokenBudget tokens that pass the network at once, each prompt counted once
   */
  public static TrainingBatch pack(
      List<ScoredGroup> groups, Advantages advantages, int groupsPerUpdate, int tokenBudget) {
    List<GroupAdvantages> results = results(groups, advantages);
    List<UpdateBatch> updates = new ArrayList<>();
    for (List<MicroBatch.Member> members : cut(groups, results, groupsPerUpdate)) {
      List<Long> sizes =
          UpdateBatch.live(members).stream().map(MicroBatch.Member::numTreeTokens).toList();
      updates.add(UpdateBatch.of(members, TokenBudget.pack(sizes, tokenBudget)));
    }
    return new TrainingBatch(groups, results, updates);
  }

  /**
   * The same groups in a packing that was recorded.
   *
   * @param packing what {@link #packing} said
   * @throws IllegalArgumentException if it is one of other groups or of another cut
   */
  public static TrainingBatch of(
      List<ScoredGroup> groups, Advantages advantages, int groupsPerUpdate, List<Integer> packing) {
    List<GroupAdvantages> results = results(groups, advantages);
    List<UpdateBatch> updates = new ArrayList<>();
    int from = 0;
    for (List<MicroBatch.Member> members : cut(groups, results, groupsPerUpdate)) {
      int left = UpdateBatch.live(members).size();
      int to = from;
      while (left > 0 && to < packing.size() && packing.get(to) >= 1) {
        left -= packing.get(to++);
      }
      if (left != 0) {
        throw foreign(packing, groups);
      }
      updates.add(UpdateBatch.of(members, packing.subList(from, to)));
      from = to;
    }
    if (from != packing.size()) {
      throw foreign(packing, groups);
    }
    return new TrainingBatch(groups, results, updates);
  }

  private static IllegalArgumentException foreign(List<Integer> packing, List<ScoredGroup> groups) {
    return new IllegalArgumentException(
        "the packing %s does not divide what is trained on of %d groups"
            .formatted(packing, groups.size()));
  }

  private static List<GroupAdvantages> results(List<ScoredGroup> groups, Advantages advantages) {
    return results(groups, advantages, Map.of());
  }

  /**
   * Advantages of groups.
   *
   * @param divergences what to take from the rewards of their completions, for some of them // [G]
   */
  private static List<GroupAdvantages> results(
      List<ScoredGroup> groups, Advantages advantages, Map<GroupId, double[]> divergences) {
    return advantages.of(
        groups.stream()
            .map(group ->
                outcomes(
                    group, divergences.getOrDefault(group.id(), new double[group.scores().size()])))
            .toList(),
        longest(groups));
  }

  private static List<List<MicroBatch.Member>> cut(
      List<ScoredGroup> groups, List<GroupAdvantages> results, int groupsPerUpdate) {
    int size = groupsPerUpdate == 0 ? groups.size() : groupsPerUpdate;
    return IntStream.range(0, groups.size())
        .mapToObj(i -> new MicroBatch.Member(groups.get(i), results.get(i)))
        .gather(Gatherers.windowFixed(size))
        .toList();
  }

  /**
   * All completions that count, those without live tokens included, as they pass the network
   * together.
   */
  public List<MicroBatch> counted(int tokenBudget) {
    List<MicroBatch.Member> members =
        updates.stream()
            .flatMap(update -> update.members().stream())
            .map(member -> new MicroBatch.Member(member.group(), member.advantages().unmasked()))
            .toList();
    List<Long> sizes =
        UpdateBatch.live(members).stream().map(MicroBatch.Member::numTreeTokens).toList();
    return UpdateBatch.of(members, TokenBudget.pack(sizes, tokenBudget)).microBatches();
  }

  /**
   * The same updates with other advantages.
   *
   * @param divergences what to take from the rewards of the completions of a group // [G]
   */
  public TrainingBatch less(Map<GroupId, double[]> divergences, Advantages formula) {
    List<GroupAdvantages> results = results(groups, formula, divergences);
    List<UpdateBatch> changed = new ArrayList<>();
    int from = 0;
    for (UpdateBatch update : updates) {
      int to = from + update.members().size();
      changed.add(
          UpdateBatch.of(
              IntStream.range(from, to)
                  .mapToObj(i -> new MicroBatch.Member(groups.get(i), results.get(i)))
                  .toList(),
              update.packing()));
      from = to;
    }
    return new TrainingBatch(groups, results, changed);
  }

  /** How many consecutive groups, of those with live tokens, go into each micro-batch. */
  public List<Integer> packing() {
    return updates.stream().flatMap(update -> update.packing().stream()).toList();
  }

  /** What the advantages need of a group's completions. */
  static List<CompletionOutcome> outcomes(ScoredGroup group, double[] divergences) {
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
              completion.stop().isTruncated(),
              divergences[i]));
    }
    return outcomes;
  }

  /** The longest completion that sampling allows. */
  private static int longest(List<ScoredGroup> groups) {
    return groups.stream().mapToInt(g -> g.group().sampling().maxTokens()).max().orElse(1);
  }

  /** The temperature that all groups were sampled at. */
  public double temperature() {
    return groups.getFirst().group().sampling().temperature();
  }

  public List<GroupId> ids() {
    return groups.stream().map(ScoredGroup::id).toList();
  }
}
