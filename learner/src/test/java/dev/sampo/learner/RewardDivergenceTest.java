package dev.sampo.learner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.sampo.learner.advantage.AdvantageScale;
import dev.sampo.learner.advantage.AdvantageSettings;
import dev.sampo.learner.advantage.Baseline;
import dev.sampo.learner.advantage.GroupFilter;
import dev.sampo.learner.objective.KlEstimator;
import dev.sampo.learner.objective.KlPlace;
import dev.sampo.learner.objective.KlSettings;
import dev.sampo.learner.objective.ObjectivePreset;
import dev.sampo.learner.objective.ObjectiveSettings;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StopReason;
import dev.sampo.vlm.weights.WeightArrays;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A divergence that is taken from rewards; {@code GoldenStepsTest} has steps of others with it. */
class RewardDivergenceTest {
  private static final double BETA = 0.25;
  private static final ObjectiveSettings PLAIN =
      ObjectivePreset.GRPO
          .settings()
          .withKl(KlSettings.none())
          .withAdvantage(AdvantageSettings.of(Baseline.GROUP_MEAN, AdvantageScale.BATCH_STD));

  private final TinyPolicy reference = new TinyPolicy(2);
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable resource : open.reversed()) {
      resource.close();
    }
  }

  /** A trained policy. */
  private record Learner(TinyPolicy policy, PolicyUpdate update) {
    StepResult.Taken step(List<ScoredGroup> groups) {
      int pieces = update.begin(groups, Groups.version(0));
      for (int i = 0; i < pieces; i++) {
        update.microBatch();
      }
      return (StepResult.Taken) update.finish();
    }

    String hash() {
      return WeightArrays.sha256(policy.parameters());
    }
  }

  private Learner learner(TestSettings choice) {
    LearnerSettings settings = choice.build();
    TinyPolicy policy = new TinyPolicy(1);
    AdamW optimizer = new AdamW(policy.parameters(), settings.optimizer());
    PolicyUpdate update =
        new PolicyUpdate(
            policy,
            settings.objective().needsReference()
                ? ReferencePolicy.copy(new TinyPolicy(2), settings.reference())
                : ReferencePolicy.none(),
            optimizer,
            settings,
            new PolicyUpdate.Run(100, 1, Map.of("toy", 1.0)),
            Groups::encode);
    open.addAll(List.of(policy, optimizer, update));
    return new Learner(policy, update);
  }

  private static KlSettings inReward(KlEstimator estimator, OptionalDouble limit) {
    return new KlSettings(estimator, BETA, KlPlace.REWARD, false, limit, false);
  }

  /** Without a divergence, and rewards that have lost it by hand: the same bits. */
  @ParameterizedTest
  @EnumSource
  void aStepIsOneOfRewardsThatHaveLostTheirDivergence(KlEstimator estimator) {
    DoubleUnaryOperator estimate =
        switch (estimator) {
          case K1 -> d -> d;
          case K2 -> d -> d * d / 2;
          case K3 -> d -> Math.exp(-d) + d - 1;
        };
    TestSettings choice = new TestSettings().groupsPerUpdate(1).updatesPerBatch(2);
    Learner asked =
        learner(choice.objective(PLAIN.withKl(inReward(estimator, OptionalDouble.empty()))));
    Learner byHand = learner(choice.objective(PLAIN));

    StepResult.Taken result = asked.step(groups(d -> 0));
    byHand.step(groups(estimate));

    List<float[]> expected = weights(byHand.policy());
    List<float[]> actual = weights(asked.policy());
    for (int i = 0; i < expected.size(); i++) {
      assertThat(actual.get(i)).containsExactly(expected.get(i), within(1e-6f));
    }
    Learner untouched = learner(choice.objective(PLAIN));
    untouched.step(groups(d -> 0));
    assertThat(asked.hash()).isNotEqualTo(untouched.hash());
    double sum = 0;
    for (int g = 0; g < 2; g++) {
      for (int i = 0; i < 3; i++) {
        sum += divergence(g, i, estimate);
      }
    }
    assertThat(result.metrics().get("kl")).isCloseTo(sum / 12, within(1e-5));
    assertThat(result.metrics().get("kl_penalty")).isCloseTo(BETA * sum / 6, within(1e-5));
    assertThat(result.metrics().get("reward")).isCloseTo(0.55, within(1e-9));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 1000})
  void microBatchesAndMaskedCompletionsChangeNothing(int microBatchTokens) {
    GroupFilter truncated =
        new GroupFilter(
            OptionalDouble.empty(), OptionalDouble.empty(), OptionalDouble.empty(), true);
    KlSettings kl = inReward(KlEstimator.K1, OptionalDouble.of(0.5));
    Learner some = learner(new TestSettings().objective(PLAIN.withKl(kl)));
    Learner split =
        learner(new TestSettings().objective(PLAIN.withKl(kl)).microBatchTokens(microBatchTokens));
    Learner masked =
        learner(
            new TestSettings()
                .objective(PLAIN.withKl(kl).withFilter(truncated))
                .microBatchTokens(microBatchTokens));

    double expected = some.step(groups(d -> 0)).metrics().getOrDefault("kl_penalty", Double.NaN);

    assertThat(split.step(groups(d -> 0)).metrics().get("kl_penalty"))
        .isCloseTo(expected, within(1e-6));
    StepResult.Taken result = masked.step(withTruncated());
    assertThat(result.metrics()).containsEntry("completions/masked", 1.0 / 6);
    assertThat(result.metrics().get("kl_penalty")).isCloseTo(expected, within(1e-6));
  }

  @Test
  void aGroupOfEqualRewardsIsLeftOutThoughItsDivergencesDiffer() {
    GroupFilter zeroVariance =
        new GroupFilter(
            OptionalDouble.of(0), OptionalDouble.empty(), OptionalDouble.empty(), false);
    Learner learner =
        learner(
            new TestSettings()
                .objective(
                    PLAIN
                        .withKl(inReward(KlEstimator.K1, OptionalDouble.empty()))
                        .withFilter(zeroVariance)));
    List<ScoredGroup> groups = new ArrayList<>(groups(d -> 0));
    groups.set(0, scored(0, new double[] {0.5, 0.5, 0.5}));

    StepResult.Taken result = learner.step(groups);

    assertThat(result.metrics())
        .containsEntry("filtered/zero_variance", 0.5)
        .containsEntry("frac_reward_zero_std", 0.5);
  }

  private static List<float[]> weights(TinyPolicy policy) {
    return policy.parameters().values().stream().map(array -> array.toFloatArray()).toList();
  }

  private static final int[][] PROMPTS = {{1, 2, 3}, {5, 5}};
  private static final int[][][] TOKENS = {
    {{1, 2, 7}, {4}, {6, 2}}, {{3, 3}, {0, 4}, {2, 1}},
  };
  private static final float[][][] SAMPLED = {
    {{-2, -1.9f, -2.5f}, {-1.5f}, {-2, -3}}, {{-2, -2}, {-1, -3}, {-2.2f, -1.8f}},
  };
  private static final double[][] REWARDS = {{1, 0, 0.8}, {0.2, 0.9, 0.4}};

  /** The groups after their rewards have lost what an estimate comes to. */
  private List<ScoredGroup> groups(DoubleUnaryOperator estimate) {
    List<ScoredGroup> groups = new ArrayList<>();
    for (int g = 0; g < 2; g++) {
      double[] rewards = REWARDS[g].clone();
      for (int i = 0; i < rewards.length; i++) {
        rewards[i] -= BETA * divergence(g, i, estimate);
      }
      groups.add(scored(g, rewards));
    }
    return groups;
  }

  /** The groups as they are, but only one completion was cut off. */
  private List<ScoredGroup> withTruncated() {
    List<ScoredGroup> groups = new ArrayList<>();
    for (ScoredGroup scored : groups(d -> 0)) {
      CompletionGroup group = scored.group();
      List<Completion> completions = new ArrayList<>();
      for (Completion c : group.completions()) {
        boolean isFirst = groups.isEmpty() && completions.isEmpty();
        completions.add(
            new Completion(
                c.tokens(),
                c.logProbs(),
                c.versions(),
                isFirst ? StopReason.LENGTH : StopReason.END_OF_TURN,
                c.text()));
      }
      groups.add(
          new ScoredGroup(
              new CompletionGroup(
                  group.lease(),
                  group.prompt(),
                  group.promptTokens(),
                  group.imageGrids(),
                  group.sampling(),
                  group.seed(),
                  completions,
                  group.worker()),
              scored.scores()));
    }
    return groups;
  }

  private static ScoredGroup scored(int g, double[] rewards) {
    return Groups.scored(g, PROMPTS[g], List.of(TOKENS[g]), List.of(SAMPLED[g]), rewards);
  }

  private double divergence(int g, int completion, DoubleUnaryOperator estimate) {
    float[] log =
        reference
            .logProbs(Groups.encode(Groups.prompt(PROMPTS[g])), List.of(TOKENS[g][completion]))
            .getFirst();
    double sum = 0;
    for (int t = 0; t < log.length; t++) {
      sum += estimate.applyAsDouble(SAMPLED[g][completion][t] - log[t]);
    }
    return sum;
  }
}
