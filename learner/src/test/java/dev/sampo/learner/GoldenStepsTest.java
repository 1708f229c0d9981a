package dev.sampo.learner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.learner.advantage.AdvantageScale;
import dev.sampo.learner.advantage.AdvantageSettings;
import dev.sampo.learner.advantage.Baseline;
import dev.sampo.learner.objective.Aggregation;
import dev.sampo.learner.objective.AggregationKind;
import dev.sampo.learner.objective.ClipSettings;
import dev.sampo.learner.objective.KlEstimator;
import dev.sampo.learner.objective.KlPlace;
import dev.sampo.learner.objective.KlSettings;
import dev.sampo.learner.objective.MismatchAction;
import dev.sampo.learner.objective.MismatchLevel;
import dev.sampo.learner.objective.MismatchWeights;
import dev.sampo.learner.objective.ObjectivePreset;
import dev.sampo.learner.objective.ObjectiveSettings;
import dev.sampo.learner.objective.RatioAnchor;
import dev.sampo.learner.objective.RatioLevel;
import dev.sampo.learner.objective.WeightBounds;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.learner.optimizer.AdamWSettings;
import dev.sampo.learner.optimizer.ScheduleShape;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.weights.Parameter.Part;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whole training steps beside those of a plain PyTorch and Transformers program (see {@code
 * tests/goldens/make_steps.py}): two groups of four, three AdamW updates, losses, lengths of
 * gradients and the weights that come out.
 */
class GoldenStepsTest {
  private static final double TOLERANCE = 1e-5;

  @TempDir private Path temp;

  /** How the same updates are cut and computed. */
  enum Packing {
    WHOLE(1000, false, 1024),
    GROUP_BY_GROUP(1, false, 1024),
    RECOMPUTED_IN_BLOCKS(1000, true, 5);

    private final int tokens;
    private final boolean recompute;
    private final int logitTokens;

    Packing(int tokens, boolean recompute, int logitTokens) {
      this.tokens = tokens;
      this.recompute = recompute;
      this.logitTokens = logitTokens;
    }
  }

  static Stream<Arguments> cases() {
    return GoldenSteps.cases()
        .filter(golden -> golden.has("groups"))
        .flatMap(golden ->
            Stream.of(Packing.values())
                .map(packing -> Arguments.of(golden.path("name").asText(), packing)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void stepsAreThoseOfTransformers(String name, Packing packing) throws IOException {
    JsonNode golden = GoldenSteps.named(name);
    boolean isOneBatch = golden.path("objective").path("anchor").asText().equals("old");
    LearnerSettings settings = settings(golden, packing, isOneBatch ? 3 : 1);
    try (VisionLanguageModel policy = GoldenSteps.policy(golden, temp);
        AdamW optimizer = new AdamW(policy.trainable(frozen(golden)), settings.optimizer());
        ReferencePolicy reference = reference(golden, policy);
        PolicyUpdate update =
            new PolicyUpdate(
                policy,
                reference,
                optimizer,
                settings,
                new PolicyUpdate.Run(
                    golden.path("optimizer").path("total_steps").asLong(), 1, Map.of("toy", 1.0)),
                GoldenSteps.encoder(golden))) {
      List<ScoredGroup> groups = GoldenSteps.groups(golden);
      List<JsonNode> expected =
          GoldenSteps.list(golden.path("steps")).stream()
              .map(step -> withRewardKl(golden, step))
              .toList();

      // Where a completion has one ratio, the share is one of completions here, of tokens there.
      boolean byToken = golden.path("objective").path("level").asText().equals("token");
      if (isOneBatch) {
        assertMetrics(step(update, groups, 0).metrics(), expected, byToken);
      } else {
        for (int i = 0; i < expected.size(); i++) {
          assertMetrics(step(update, groups, i).metrics(), List.of(expected.get(i)), byToken);
        }
      }
      assertThat(optimizer.numSteps()).isEqualTo(3);
      GoldenSteps.assertWeights(name, policy, TOLERANCE);
    }
  }

  private static StepResult.Taken step(PolicyUpdate update, List<ScoredGroup> groups, long step) {
    int pieces = update.begin(groups, Groups.version(step));
    for (int i = 0; i < pieces; i++) {
      update.microBatch();
    }
    return (StepResult.Taken) update.finish();
  }

  /** Means, where a step has several updates. */
  private static void assertMetrics(
      SortedMap<String, Double> actual, List<JsonNode> expected, boolean byToken) {
    assertMean(actual, "loss", expected, "loss");
    assertMean(actual, "grad_norm", expected, "gradient_norm");
    if (byToken) {
      assertMean(actual, "clip_ratio/region_mean", expected, "clipped");
    }
    if (actual.containsKey("kl")) {
      assertMean(actual, "kl", expected, "kl");
    }
  }

  /** Of the reward, if it has one: the same in every step, the batch is. */
  private static JsonNode withRewardKl(JsonNode golden, JsonNode step) {
    ObjectNode known = step.deepCopy();
    if (golden.has("reward_kl")) {
      known.set("kl", golden.path("reward_kl"));
    }
    return known;
  }

  private static void assertMean(
      SortedMap<String, Double> actual, String metric, List<JsonNode> expected, String field) {
    double mean =
        expected.stream().mapToDouble(step -> step.path(field).asDouble()).average().orElseThrow();
    assertThat(actual.get(metric)).as(metric).isCloseTo(mean, within(TOLERANCE));
  }

  private static Set<Part> frozen(JsonNode golden) {
    return golden.path("frozen").isEmpty() ? Set.of() : Set.of(Part.VISION_TOWER);
  }

  private static ReferencePolicy reference(JsonNode golden, VisionLanguageModel policy) {
    return switch (golden.path("reference").asText()) {
      case "" -> ReferencePolicy.none();
      case "adapters-off" -> ReferencePolicy.withoutAdapters(policy);
      case String folder ->
          ReferencePolicy.copy(
              VisionLanguageModels.load(GoldenSteps.FOLDER.resolve(folder), ModelOptions.onCpu()),
              ReferenceSettings.FIXED);
    };
  }

  private static LearnerSettings settings(JsonNode golden, Packing packing, int updates) {
    JsonNode optimizer = golden.path("optimizer");
    return new TestSettings()
        .updatesPerBatch(updates)
        .learningRate(
            optimizer.path("learning_rate").asDouble(),
            ScheduleShape.valueOf(optimizer.path("schedule").asText().toUpperCase(Locale.ROOT)),
            0)
        .optimizer(
            new AdamWSettings(
                optimizer.path("weight_decay").asDouble(),
                optimizer.path("beta1").asDouble(),
                optimizer.path("beta2").asDouble(),
                optimizer.path("epsilon").asDouble(),
                optimizer.path("max_grad_norm").asDouble()))
        .microBatchTokens(packing.tokens)
        .kernels(packing.recompute, packing.logitTokens)
        .objective(objective(golden.path("objective")))
        .build();
  }

  private static ObjectiveSettings objective(JsonNode node) {
    double most = node.path("mismatch_most").asDouble();
    return ObjectivePreset.GRPO
        .settings()
        .withRatio(
            RatioAnchor.valueOf(node.path("anchor").asText().toUpperCase(Locale.ROOT)),
            RatioLevel.valueOf(node.path("level").asText().toUpperCase(Locale.ROOT)))
        .withClip(
            ClipSettings.between(
                node.path("clip_low").asDouble(), node.path("clip_high").asDouble()))
        .withKl(divergence(node.path("beta").asDouble(), node.path("kl_in_reward").asText()))
        .withAdvantage(
            node.path("advantages").asText().equals("leave-one-out")
                ? AdvantageSettings.of(Baseline.LEAVE_ONE_OUT, AdvantageScale.NONE)
                : AdvantageSettings.groupNormalised())
        .withAggregation(
            Aggregation.of(
                AggregationKind.valueOf(
                    node.path("aggregation").asText().toUpperCase(Locale.ROOT).replace('-', '_'))))
        .withMismatch(
            most == 0
                ? MismatchWeights.NONE
                : new MismatchWeights(
                    MismatchLevel.TOKEN, MismatchAction.TRUNCATE, WeightBounds.upTo(most), false));
  }

  private static KlSettings divergence(double beta, String inReward) {
    return inReward.isEmpty()
        ? KlSettings.k3(beta)
        : new KlSettings(
            KlEstimator.valueOf(inReward.toUpperCase(Locale.ROOT)),
            beta,
            KlPlace.REWARD,
            false,
            OptionalDouble.empty(),
            false);
  }
}
