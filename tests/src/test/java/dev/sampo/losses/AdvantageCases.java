package dev.sampo.losses;

import dev.sampo.learner.advantage.AdvantageScale;
import dev.sampo.learner.advantage.AdvantageSettings;
import dev.sampo.learner.advantage.Advantages;
import dev.sampo.learner.advantage.Baseline;
import dev.sampo.learner.advantage.CompletionOutcome;
import dev.sampo.learner.advantage.Deviation;
import dev.sampo.learner.advantage.GroupAdvantages;
import dev.sampo.learner.advantage.GroupFilter;
import dev.sampo.learner.advantage.OverlongPenalty;
import dev.sampo.learner.advantage.RewardCombination;
import dev.sampo.learner.advantage.SingletonGroup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** Cases with rewards: advantages, filters, penalties. Advantages are float64 in the product. */
final class AdvantageCases {
  private static final int ANY_LENGTH = 1;

  /** Estimators that the product has; others are known by their field {@code std} only. */
  private static final List<String> KNOWN =
      List.of(
          "group_std",
          "mean_only",
          "batch_std",
          "rloo",
          "leave_one_out",
          "multi_reward",
          "reinforce_plus_plus");

  private AdvantageCases() {}

  static void check(CaseLine line, Fields inputs, Fields expected, Comparison comparison) {
    boolean several = inputs.has("rewards_per_func");
    double[][] mask = inputs.has("mask") ? inputs.mask("mask") : new double[0][];
    ScoredRewards rewards =
        several
            ? ScoredRewards.of(inputs)
            : ScoredRewards.single(inputs.optionals("rewards"), mask);
    AdvantageSettings settings = settings(line, inputs);
    Advantages advantages =
        new Advantages(settings, GroupFilter.NONE, OverlongPenalty.NONE, rewards.weights());
    List<GroupAdvantages> groups =
        advantages.of(chunks(rewards.outcomes(), inputs.integer("num_generations")), ANY_LENGTH);
    double[] values = values(groups);

    if (expected.has("advantages")) {
      comparison.check("advantages", values, expected.vector("advantages"));
    }
    if (expected.has("token_advantages")) {
      comparison.check(
          "token_advantages", byToken(values, mask), expected.matrix("token_advantages"));
    }
    if (expected.has("reward")) {
      checkTotals(rewards.outcomes(), expected.optionals("reward"), comparison);
    }
    checkMoments(groups, expected, comparison);
    // What the advantages were divided by; they have been compared.
    expected.oneOf("batch_std", "loo_std");
  }

  /** The group cases of VLM-R1's trainer: unbiased deviation and 1e-4. */
  static void checkTrainer(Fields inputs, double[] expected, Comparison comparison) {
    ScoredRewards rewards =
        ScoredRewards.single(inputs.optionals("rewards_summed"), new double[0][]);
    Advantages advantages =
        new Advantages(
            AdvantageSettings.groupNormalised(), GroupFilter.NONE, OverlongPenalty.NONE, Map.of());
    List<GroupAdvantages> groups =
        advantages.of(chunks(rewards.outcomes(), inputs.integer("num_generations")), ANY_LENGTH);
    comparison.check("advantages", values(groups), expected);
  }

  static void checkFilter(CaseLine line, Fields inputs, Fields expected, Comparison comparison) {
    OptionalDouble low = inputs.optional("low");
    OptionalDouble high = inputs.optional("high");
    boolean byMean = low.isPresent() || high.isPresent();
    if (!byMean && !line.isNamed("zero_variance") && !line.isNamed("std")) {
      throw new UnsupportedCaseException("missing option: filter " + line);
    }
    OptionalDouble std =
        byMean ? OptionalDouble.empty() : OptionalDouble.of(inputs.number("tolerance", 0));
    Advantages advantages =
        new Advantages(
            AdvantageSettings.groupNormalised(),
            new GroupFilter(std, low, high, false),
            OverlongPenalty.NONE,
            Map.of());
    ScoredRewards rewards = ScoredRewards.single(inputs.optionals("rewards"), new double[0][]);
    double[] kept =
        advantages
            .of(chunks(rewards.outcomes(), inputs.integer("num_generations")), ANY_LENGTH)
            .stream()
            .mapToDouble(group -> group.leftOut().isEmpty() ? 1 : 0)
            .toArray();
    comparison.check("keep_group", kept, expected.vector("keep_group"));
  }

  static void checkShaping(CaseLine line, Fields inputs, Fields expected, Comparison comparison) {
    Optional<String> longest =
        inputs.oneOf(
            "max_completion_len",
            "max_resp_len",
            "max_completion_length",
            "max_new_tokens",
            "max_len");
    Optional<String> buffer =
        inputs.oneOf("soft_punish_cache", "buffer_len", "overlong_buffer_len", "buffer");
    Optional<String> factor = inputs.oneOf("factor", "penalty_factor", "overlong_penalty_factor");
    if (longest.isEmpty() || buffer.isEmpty()) {
      throw new UnsupportedCaseException("missing option: overlong penalty " + line);
    }
    OverlongPenalty penalty =
        new OverlongPenalty(
            inputs.integer(buffer.get()),
            factor.map(inputs::number).orElse(1.0),
            OptionalInt.of(inputs.integer(longest.get())),
            !line.isNamed("unbounded"));
    double[] values =
        Arrays.stream(inputs.wholeVector("lengths"))
            .mapToDouble(length -> penalty.of(length, ANY_LENGTH))
            .toArray();
    comparison.check("penalty", values, expected.vector("penalty"));
  }

  private static AdvantageSettings settings(CaseLine line, Fields inputs) {
    String name = line.name();
    if (!inputs.has("std") && KNOWN.stream().noneMatch(name::startsWith)) {
      throw new UnsupportedCaseException("missing option: advantage " + name);
    }
    boolean raw = inputs.oneOf("singleton_mean", "singleton_std").isPresent();
    if (raw && (inputs.number("singleton_mean") != 0 || inputs.number("singleton_std", 1) != 1)) {
      throw new UnsupportedCaseException("missing option: moments of a singleton group");
    }
    boolean first =
        inputs.has("rewards_per_func")
            && (line.isNamed("normalize_then_sum") || line.isNamed("gdpo"));
    boolean whitened = inputs.has("eps_inside_sqrt");
    return new AdvantageSettings(
        baseline(name),
        scale(name, inputs, whitened),
        inputs.text("std", "unbiased").equals("biased") ? Deviation.BIASED : Deviation.UNBIASED,
        whitened ? inputs.number("eps_inside_sqrt") : inputs.number("eps", 1e-4),
        first ? RewardCombination.NORMALISE_FIRST : RewardCombination.SUM,
        raw || line.isNamed("raw") ? SingletonGroup.RAW : SingletonGroup.ZERO);
  }

  private static Baseline baseline(String name) {
    if (name.startsWith("rloo") || name.startsWith("leave_one_out")) {
      return Baseline.LEAVE_ONE_OUT;
    }
    return name.equals("reinforce_plus_plus") ? Baseline.NONE : Baseline.GROUP_MEAN;
  }

  private static AdvantageScale scale(String name, Fields inputs, boolean whitened) {
    if (whitened) {
      return AdvantageScale.TOKEN_WHITENING;
    }
    if (name.startsWith("leave_one_out_mean_and_std")) {
      return AdvantageScale.LEAVE_ONE_OUT_STD;
    }
    boolean divided =
        name.startsWith("group_std")
            || name.startsWith("multi_reward")
            || name.startsWith("batch_std");
    String std = inputs.text("std", divided ? "unbiased" : "none");
    return switch (std) {
      case "none" -> AdvantageScale.NONE;
      case "unbiased", "biased" -> AdvantageScale.GROUP_STD;
      case "batch_unbiased_raw" -> AdvantageScale.BATCH_STD;
      case "batch_unbiased_centered" -> AdvantageScale.BATCH_CENTRED_STD;
      default -> throw new UnsupportedCaseException("missing option: std " + std);
    };
  }

  private static List<List<CompletionOutcome>> chunks(List<CompletionOutcome> all, int size) {
    if (size < 1 || all.size() % size != 0) {
      throw new UnsupportedCaseException("groups of unequal size");
    }
    List<List<CompletionOutcome>> groups = new ArrayList<>();
    for (int from = 0; from < all.size(); from += size) {
      groups.add(all.subList(from, from + size));
    }
    return groups;
  }

  private static double[] values(List<GroupAdvantages> groups) {
    return groups.stream().flatMapToDouble(group -> Arrays.stream(group.values())).toArray();
  }

  private static double[][] byToken(double[] values, double[][] mask) {
    double[][] tokens = new double[mask.length][];
    for (int row = 0; row < mask.length; row++) {
      double value = values[row];
      tokens[row] = Arrays.stream(mask[row]).map(m -> m * value).toArray();
    }
    return tokens;
  }

  private static void checkTotals(
      List<CompletionOutcome> outcomes, List<OptionalDouble> expected, Comparison comparison) {
    for (int i = 0; i < expected.size(); i++) {
      OptionalDouble total = outcomes.get(i).total();
      comparison.check(
          "scored[" + i + "]", total.isPresent() ? 1 : 0, expected.get(i).isPresent() ? 1 : 0);
      comparison.check("reward[" + i + "]", total.orElse(0), expected.get(i).orElse(0));
    }
  }

  private static void checkMoments(
      List<GroupAdvantages> groups, Fields expected, Comparison comparison) {
    if (expected.has("group_std")) {
      comparison.check(
          "group_std",
          groups.stream().mapToDouble(GroupAdvantages::std).toArray(),
          expected.vector("group_std"));
    }
    if (expected.has("group_mean")) {
      comparison.check(
          "group_mean",
          groups.stream().mapToDouble(GroupAdvantages::mean).toArray(),
          expected.vector("group_mean"));
    }
    if (expected.has("frac_reward_zero_std")) {
      comparison.check(
          "frac_reward_zero_std",
          groups.stream().filter(GroupAdvantages::hasZeroVariance).count() / (double) groups.size(),
          expected.number("frac_reward_zero_std"));
    }
  }
}
