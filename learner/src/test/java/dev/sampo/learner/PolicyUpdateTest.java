package dev.sampo.learner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import dev.sampo.learner.objective.Aggregation;
import dev.sampo.learner.objective.AggregationKind;
import dev.sampo.learner.objective.KlSettings;
import dev.sampo.learner.objective.ObjectivePreset;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.learner.optimizer.AdamWSettings;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.weights.WeightArrays;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PolicyUpdateTest {
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable resource : open.reversed()) {
      resource.close();
    }
  }

  /** A policy with everything that trains it. */
  private static final class Learner {
    private final TinyPolicy policy;
    private final PolicyUpdate update;
    private long steps;

    Learner(TinyPolicy policy, PolicyUpdate update) {
      this.policy = policy;
      this.update = update;
    }

    StepResult step(List<ScoredGroup> groups) {
      int microBatches = update.begin(groups, Groups.version(steps));
      for (int i = 0; i < microBatches; i++) {
        update.microBatch();
      }
      StepResult result = update.finish();
      if (result instanceof StepResult.Taken taken) {
        steps = taken.step();
      }
      return result;
    }

    TinyPolicy policy() {
      return policy;
    }

    PolicyUpdate update() {
      return update;
    }

    String hash() {
      return WeightArrays.sha256(policy.parameters());
    }
  }

  private Learner learner(LearnerSettings settings) {
    TinyPolicy policy = new TinyPolicy(1);
    ReferencePolicy reference =
        settings.objective().needsReference()
            ? ReferencePolicy.copy(new TinyPolicy(2), settings.reference())
            : ReferencePolicy.none();
    AdamW optimizer = new AdamW(policy.parameters(), settings.optimizer());
    var run = new PolicyUpdate.Run(100, 1, Map.of("toy", 1.0));
    PolicyUpdate update =
        new PolicyUpdate(policy, reference, optimizer, settings, run, Groups::encode);
    open.add(policy);
    open.add(reference);
    open.add(optimizer);
    open.add(update);
    return new Learner(policy, update);
  }

  private static LearnerSettings settings(
      int microBatchTokens, AggregationKind aggregation, double beta) {
    return new TestSettings()
        .microBatchTokens(microBatchTokens)
        .objective(
            ObjectivePreset.GRPO
                .settings()
                .withKl(KlSettings.k3(beta))
                .withAggregation(Aggregation.of(aggregation)))
        .build();
  }

  @Test
  void aPolicyLearnsWhatTheRewardWants() {
    Learner learner = learner(settings(1000, AggregationKind.SEQUENCE_MEAN, 0));
    Random random = new Random(7);
    List<Double> rewards = new ArrayList<>();

    for (int step = 0; step < 40; step++) {
      List<ScoredGroup> groups = new ArrayList<>();
      for (int g = 0; g < 4; g++) {
        groups.add(sampleGroup(learner.policy(), g, step, random));
      }
      rewards.add(learner.step(groups).metrics().get("reward"));
    }

    assertThat(mean(rewards.subList(0, 5))).isLessThan(0.35);
    assertThat(mean(rewards.subList(35, 40))).isGreaterThan(0.8);
  }

  /** The reward is the share of tokens that repeat the first token of the prompt. */
  private static ScoredGroup sampleGroup(TinyPolicy policy, int g, long step, Random random) {
    int[] prompt = {g % 2 == 0 ? 3 : 5, 1};
    EncodedPrompt encoded = Groups.encode(Groups.prompt(prompt));
    TinyPolicy.Sample sample = policy.sample(encoded, 8, 4, random);
    double[] rewards =
        sample.tokens().stream()
            .mapToDouble(tokens -> Arrays.stream(tokens).filter(t -> t == prompt[0]).count() / 4.0)
            .toArray();
    return Groups.scored(
        g, prompt, sample.tokens(), sample.logProbs(), Groups.version(step), rewards);
  }

  @ParameterizedTest
  @EnumSource(AggregationKind.class)
  void aStepIsTheSameHoweverItIsSplit(AggregationKind aggregation) {
    List<ScoredGroup> groups = Groups.ragged();
    Learner whole = learner(settings(1000, aggregation, 0.1));
    Learner split = learner(settings(1, aggregation, 0.1));

    int one = whole.update().begin(groups, Groups.version(0));
    whole.update().microBatch();
    Map<String, float[]> expected = gradients(whole);
    StepResult first = whole.update().finish();
    int several = split.update().begin(groups, Groups.version(0));
    for (int i = 0; i < several; i++) {
      split.update().microBatch();
    }
    Map<String, float[]> actual = gradients(split);
    StepResult second = split.update().finish();

    assertThat(one).isEqualTo(1);
    assertThat(several).isEqualTo(3);
    expected.forEach((name, gradient) -> {
      double scale = max(gradient);
      assertThat(scale).as(name).isPositive();
      for (int i = 0; i < gradient.length; i++) {
        assertThat((double) get(actual, name)[i]).isCloseTo(gradient[i], within(1e-6 * scale));
      }
    });
    for (String metric : List.of("loss", "entropy", "kl", "reward", "clip_ratio/region_mean")) {
      assertThat(second.metrics().get(metric))
          .as(metric)
          .isCloseTo(first.metrics().get(metric), within(1e-6));
    }
  }

  @Test
  void equalInputsEndInEqualBits() {
    List<ScoredGroup> groups = Groups.ragged();
    Learner one = learner(settings(12, AggregationKind.TOKEN_MEAN, 0));
    Learner other = learner(settings(12, AggregationKind.TOKEN_MEAN, 0));

    for (int step = 0; step < 3; step++) {
      one.step(groups);
      other.step(groups);
    }

    assertThat(one.hash()).isEqualTo(other.hash());
  }

  @Test
  void aLogProbThatIsNotFiniteSkipsTheStepAndNamesItsGroup() {
    Learner learner = learner(settings(1000, AggregationKind.SEQUENCE_MEAN, 0));
    List<ScoredGroup> groups = new ArrayList<>(Groups.ragged());
    groups.set(
        1, Groups.scored(11, new int[] {2, 3}, List.of(new int[] {1}, new int[] {2}), nan(), 1, 0));
    String before = learner.hash();

    StepResult result = learner.step(groups);

    assertThat(result)
        .isInstanceOfSatisfying(
            StepResult.Skipped.class,
            skipped -> assertThat(skipped.groups()).containsExactly(new GroupId(11)));
    assertThat(learner.hash()).isEqualTo(before);
    assertThat(learner.step(Groups.ragged())).isInstanceOf(StepResult.Taken.class);
  }

  private static List<float[]> nan() {
    return List.of(new float[] {Float.NaN}, new float[] {-1});
  }

  @Test
  void aGroupWithoutAnyScoreIsHarmless() {
    Learner with = learner(settings(1000, AggregationKind.SEQUENCE_MEAN, 0));
    Learner without = learner(settings(1000, AggregationKind.SEQUENCE_MEAN, 0));
    List<ScoredGroup> groups = Groups.ragged();
    List<ScoredGroup> more = new ArrayList<>(groups);
    more.add(
        Groups.scored(
            9,
            new int[] {2, 3},
            List.of(new int[] {1}, new int[] {2}),
            List.of(new float[] {-1}, new float[] {-1}),
            Double.NaN,
            Double.NaN));

    Double expected = without.step(groups).metrics().get("grad_norm");
    SortedMap<String, Double> actual = with.step(more).metrics();

    assertThat(expected).isNotNull();
    assertThat(actual.get("grad_norm")).isCloseTo(expected, within(1e-6));
    assertThat(actual.get("completions/unscored")).isCloseTo(2.0 / 9, within(1e-9));
    assertThat(actual.get("rewards/toy/failed")).isCloseTo(2.0 / 9, within(1e-9));
  }

  @Test
  void aStepWithoutAnySignalLeavesFreshWeightsAlone() {
    Learner learner =
        learner(new TestSettings().optimizer(new AdamWSettings(0, 0.9, 0.99, 1e-8, 1)).build());
    ScoredGroup equal =
        Groups.scored(
            0,
            new int[] {2},
            List.of(new int[] {1}, new int[] {2}),
            List.of(new float[] {-1}, new float[] {-2}),
            0.3,
            0.3);
    String before = learner.hash();

    StepResult result = learner.step(List.of(equal));

    assertThat(result.metrics()).containsEntry("frac_reward_zero_std", 1.0);
    assertThat(learner.hash()).isEqualTo(before);
  }

  @Test
  void stepsLeaveNoHandlesBehind() {
    Learner learner = learner(settings(12, AggregationKind.TOKEN_MEAN, 0.1));
    List<ScoredGroup> groups = Groups.ragged();
    for (int step = 0; step < 3; step++) {
      learner.step(groups);
    }
    int before = handles(learner);

    for (int step = 0; step < 50; step++) {
      learner.step(groups);
    }

    assertThat(handles(learner)).isEqualTo(before);
  }

  /** Arrays that the managers of model and optimizer hold. */
  private static int handles(Learner learner) {
    return learner.policy().parameters().values().stream()
        .map(NDArray::getManager)
        .distinct()
        .mapToInt(manager -> manager.getManagedArrays().size())
        .sum();
  }

  @Test
  void metricsCarryTheNamesOfTheRunFolder() {
    Learner learner = learner(settings(1000, AggregationKind.SEQUENCE_MEAN, 0.1));

    SortedMap<String, Double> metrics = learner.step(Groups.ragged()).metrics();

    assertThat(metrics)
        .containsKeys(
            "loss",
            "reward",
            "reward_std",
            "rewards/toy/mean",
            "frac_reward_zero_std",
            "kl",
            "entropy",
            "clip_ratio/low_mean",
            "clip_ratio/high_mean",
            "clip_ratio/region_mean",
            "completions/mean_length",
            "completions/clipped_ratio",
            "grad_norm",
            "learning_rate",
            "num_sampled_tokens",
            "num_tokens",
            "mismatch/k1",
            "mismatch/k3",
            "mismatch/max_abs",
            "time/network",
            "time/optimizer");
    assertThat(metrics.values()).allMatch(value -> Double.isFinite(value));
  }

  @Test
  void callsOutOfOrderAreErrors() {
    PolicyUpdate update = learner(settings(1, AggregationKind.TOKEN_MEAN, 0)).update();

    assertThatThrownBy(update::microBatch).hasMessage("no step is open");
    int microBatches = update.begin(Groups.ragged(), Groups.version(0));
    assertThat(microBatches).isEqualTo(3);
    assertThatThrownBy(() -> update.begin(Groups.ragged(), Groups.version(0)))
        .hasMessage("a step is open already");
    assertThatThrownBy(update::finish).hasMessage("3 micro-batches have not been run");
  }

  private static Map<String, float[]> gradients(Learner learner) {
    Map<String, float[]> result = new TreeMap<>();
    learner
        .policy()
        .parameters()
        .forEach((name, array) -> result.put(name, array.getGradient().toFloatArray()));
    return result;
  }

  private static float[] get(Map<String, float[]> gradients, String name) {
    return gradients.getOrDefault(name, new float[0]);
  }

  private static double max(float[] values) {
    double max = 0;
    for (float value : values) {
      max = Math.max(max, Math.abs(value));
    }
    return max;
  }

  private static double mean(List<Double> values) {
    return values.stream().flatMapToDouble(DoubleStream::of).average().orElseThrow();
  }
}
