package dev.sampo.learner.advantage;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * From the scores of a batch to advantages. Completions without a score count neither in a mean nor
 * in a deviation and get 0. Where there is a baseline, equal scores in a group give advantages of
 * exactly 0, before whitening. Groups that the filter leaves out count in no mean or deviation of
 * the batch. Filters look at scores with the penalty of long completions and without the divergence
 * from a reference model, which differs between completions that are equally good.
 *
 * @param settings the formula
 * @param filter what is left out
 * @param overlong penalty of long completions
 * @param rewardWeights weight of every reward function, for rewards that are normalised first
 */
public record Advantages(
    AdvantageSettings settings,
    GroupFilter filter,
    OverlongPenalty overlong,
    Map<String, Double> rewardWeights) {
  public Advantages {
    rewardWeights = Map.copyOf(rewardWeights);
  }

  /**
   * The advantages of a batch.
   *
   * @param groups outcomes of each group's completions
   * @param longestSampled the longest completion that sampling allows, in tokens
   * @return one result per group, in order
   */
  public List<GroupAdvantages> of(List<List<CompletionOutcome>> groups, int longestSampled) {
    List<Group> open = groups.stream().map(group -> open(group, longestSampled)).toList();
    List<Group> used = open.stream().filter(group -> group.leftOut.isEmpty()).toList();
    switch (settings.rewards()) {
      case SUM -> fromTotals(used);
      case NORMALISE_FIRST -> fromRewards(used);
    }
    return open.stream().map(Group::result).toList();
  }

  /** A group on the way to its advantages. */
  @SuppressWarnings("ArrayRecordComponent") // filled step by step, never shared
  private record Group(
      List<CompletionOutcome> outcomes,
      OptionalDouble[] scores,
      double[] values,
      Moments moments,
      Moments filtered,
      Optional<LeftOut> leftOut,
      List<CompletionUse> uses) {

    /** Places of the completions with a score. */
    int[] scored() {
      return IntStream.range(0, scores.length).filter(i -> scores[i].isPresent()).toArray();
    }

    double score(int i) {
      return scores[i].orElseThrow();
    }

    GroupAdvantages result() {
      return new GroupAdvantages(
          values, uses, filtered.mean(), filtered.std(), filtered.count(), leftOut);
    }
  }

  private Group open(List<CompletionOutcome> outcomes, int longestSampled) {
    OptionalDouble[] scores = new OptionalDouble[outcomes.size()];
    for (int i = 0; i < scores.length; i++) {
      CompletionOutcome outcome = outcomes.get(i);
      double penalty = overlong.of(outcome.numTokens(), longestSampled);
      scores[i] =
          outcome.total().isPresent()
              ? OptionalDouble.of(outcome.total().getAsDouble() + penalty)
              : OptionalDouble.empty();
    }
    Moments filtered = Moments.of(present(scores), settings.deviation());
    Optional<LeftOut> leftOut = leftOut(filtered);
    List<CompletionUse> uses =
        IntStream.range(0, scores.length)
            .mapToObj(i -> use(scores[i], outcomes.get(i), leftOut))
            .toList();
    for (int i = 0; i < scores.length; i++) {
      if (scores[i].isPresent()) {
        scores[i] = OptionalDouble.of(scores[i].getAsDouble() - outcomes.get(i).divergence());
      }
    }
    Moments moments = Moments.of(present(scores), settings.deviation());
    return new Group(outcomes, scores, new double[scores.length], moments, filtered, leftOut, uses);
  }

  private static double[] present(OptionalDouble[] scores) {
    return Arrays.stream(scores)
        .filter(OptionalDouble::isPresent)
        .mapToDouble(OptionalDouble::getAsDouble)
        .toArray();
  }

  private Optional<LeftOut> leftOut(Moments moments) {
    if (filter.minStd().isPresent() && moments.std() <= filter.minStd().getAsDouble()) {
      return Optional.of(LeftOut.ZERO_VARIANCE);
    }
    if (filter.minMean().isPresent() && moments.mean() <= filter.minMean().getAsDouble()) {
      return Optional.of(LeftOut.MEAN_TOO_LOW);
    }
    if (filter.maxMean().isPresent() && moments.mean() >= filter.maxMean().getAsDouble()) {
      return Optional.of(LeftOut.MEAN_TOO_HIGH);
    }
    return Optional.empty();
  }

  private CompletionUse use(
      OptionalDouble score, CompletionOutcome outcome, Optional<LeftOut> leftOut) {
    if (score.isEmpty() || leftOut.isPresent()) {
      return CompletionUse.OUT;
    }
    return filter.truncated() && outcome.truncated() ? CompletionUse.MASKED : CompletionUse.LIVE;
  }

  private void fromTotals(List<Group> groups) {
    for (Group group : groups) {
      for (int i : group.scored()) {
        group.values[i] = group.score(i) - baseline(group, i);
      }
    }
    switch (settings.scale()) {
      case NONE -> {}
      case GROUP_STD -> divideByGroup(groups);
      case LEAVE_ONE_OUT_STD -> divideByOthers(groups);
      case BATCH_STD ->
          divide(groups, groups.stream().flatMap(group -> Arrays.stream(group.scores)).toList());
      case BATCH_CENTRED_STD ->
          divide(
              groups,
              groups.stream()
                  .flatMap(group ->
                      Arrays.stream(group.scored())
                          .mapToObj(i -> OptionalDouble.of(group.values[i])))
                  .toList());
      case TOKEN_WHITENING -> whiten(groups);
    }
  }

  private double baseline(Group group, int i) {
    if (group.moments.count() == 1 && settings.baseline() != Baseline.NONE) {
      return settings.singleton() == SingletonGroup.RAW ? 0 : group.score(i);
    }
    if (group.moments.std() == 0 && settings.baseline() != Baseline.NONE) {
      return group.score(i); // equal scores: exactly 0, whatever their mean rounds to
    }
    return switch (settings.baseline()) {
      case NONE -> 0;
      case GROUP_MEAN -> group.moments.mean();
      case LEAVE_ONE_OUT -> Arrays.stream(others(group, i)).average().orElseThrow();
    };
  }

  private static double[] others(Group group, int i) {
    return Arrays.stream(group.scored()).filter(j -> j != i).mapToDouble(group::score).toArray();
  }

  private void divideByGroup(List<Group> groups) {
    for (Group group : groups) {
      double std = group.moments.count() == 1 ? 1 : group.moments.std();
      scale(group.values, 1 / (std + settings.epsilon()));
    }
  }

  private void divideByOthers(List<Group> groups) {
    for (Group group : groups) {
      for (int i : group.scored()) {
        double std = Moments.of(others(group, i), settings.deviation()).std();
        if (std > 0) {
          group.values[i] /= std + settings.epsilon();
        }
      }
    }
  }

  private void divide(List<Group> groups, List<OptionalDouble> of) {
    double[] values = present(of.toArray(OptionalDouble[]::new));
    double std = Moments.of(values, settings.deviation()).std();
    groups.forEach(group -> scale(group.values, 1 / (std + settings.epsilon())));
  }

  /**
   * Zero mean and unit variance over live tokens: a completion counts as often as it has tokens.
   */
  private void whiten(List<Group> groups) {
    double tokens = 0;
    double sum = 0;
    for (Group group : groups) {
      for (int i = 0; i < group.values.length; i++) {
        tokens += liveTokens(group, i);
        sum += liveTokens(group, i) * group.values[i];
      }
    }
    double mean = tokens == 0 ? 0 : sum / tokens;
    double squares = 0;
    for (Group group : groups) {
      for (int i = 0; i < group.values.length; i++) {
        double difference = group.values[i] - mean;
        squares += liveTokens(group, i) * difference * difference;
      }
    }
    double divisor = settings.deviation() == Deviation.UNBIASED ? tokens - 1 : tokens;
    double variance = divisor > 0 ? squares / divisor : 0;
    for (Group group : groups) {
      for (int i : group.scored()) {
        group.values[i] = (group.values[i] - mean) / Math.sqrt(variance + settings.epsilon());
      }
    }
  }

  private static int liveTokens(Group group, int i) {
    return group.uses.get(i) == CompletionUse.LIVE ? group.outcomes.get(i).numTokens() : 0;
  }

  /** Group-wise per reward, weighted and summed, then over the batch. */
  private void fromRewards(List<Group> groups) {
    for (Group group : groups) {
      List<String> names =
          group.outcomes.stream()
              .flatMap(o -> o.rewards().keySet().stream())
              .distinct()
              .sorted()
              .toList();
      for (String name : names) {
        addNormalised(group, name);
      }
    }
    List<Double> sums = new ArrayList<>();
    groups.forEach(group -> Arrays.stream(group.scored()).forEach(i -> sums.add(group.values[i])));
    Moments moments =
        Moments.of(sums.stream().mapToDouble(sum -> sum).toArray(), settings.deviation());
    for (Group group : groups) {
      for (int i : group.scored()) {
        group.values[i] =
            moments.std() == 0
                ? 0
                : (group.values[i] - moments.mean()) / (moments.std() + settings.epsilon());
      }
    }
  }

  private void addNormalised(Group group, String name) {
    Double weight = rewardWeights.get(name);
    if (weight == null) {
      throw new IllegalArgumentException(
          "reward %s has no weight; weights: %s".formatted(name, rewardWeights));
    }
    OptionalDouble[] scores =
        group.outcomes.stream()
            .map(outcome ->
                Optional.ofNullable(outcome.rewards().get(name))
                    .map(OptionalDouble::of)
                    .orElse(OptionalDouble.empty()))
            .toArray(OptionalDouble[]::new);
    Moments moments = Moments.of(present(scores), settings.deviation());
    if (moments.std() == 0) {
      return;
    }
    for (int i = 0; i < scores.length; i++) {
      if (scores[i].isPresent()) {
        group.values[i] +=
            weight
                * (scores[i].getAsDouble() - moments.mean())
                / (moments.std() + settings.epsilon());
      }
    }
  }

  private static void scale(double[] values, double factor) {
    for (int i = 0; i < values.length; i++) {
      values[i] *= factor;
    }
  }
}
