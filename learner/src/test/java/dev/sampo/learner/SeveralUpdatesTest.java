package dev.sampo.learner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import dev.sampo.learner.advantage.GroupFilter;
import dev.sampo.learner.objective.EntropySettings;
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
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.vlm.weights.SafetensorsFile;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SortedMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Steps of several updates, of filtered batches, and against a reference that follows. */
class SeveralUpdatesTest {
  private static final GroupFilter WITHOUT_EQUAL_SCORES =
      new GroupFilter(OptionalDouble.of(0), OptionalDouble.empty(), OptionalDouble.empty(), false);
  private static final ObjectiveSettings PLAIN =
      ObjectivePreset.GRPO.settings().withKl(KlSettings.none());

  @TempDir private Path temp;
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable resource : open.reversed()) {
      resource.close();
    }
  }

  /** A policy with everything that trains it. */
  private record Learner(
      TinyPolicy policy, ReferencePolicy reference, AdamW optimizer, PolicyUpdate update) {
    StepResult step(long step, List<ScoredGroup> groups) {
      int pieces = update.begin(groups, Groups.version(step));
      for (int i = 0; i < pieces; i++) {
        update.microBatch();
      }
      return update.finish();
    }

    String hash() {
      return WeightArrays.sha256(policy.parameters());
    }
  }

  private Learner learner(TestSettings choice) {
    LearnerSettings settings = choice.build();
    TinyPolicy policy = new TinyPolicy(1);
    ReferencePolicy reference =
        settings.objective().needsReference()
            ? ReferencePolicy.copy(new TinyPolicy(1), settings.reference())
            : ReferencePolicy.none();
    AdamW optimizer = new AdamW(policy.parameters(), settings.optimizer());
    var run = new PolicyUpdate.Run(100, 1, Map.of("toy", 1.0));
    var update = new PolicyUpdate(policy, reference, optimizer, settings, run, Groups::encode);
    open.addAll(List.of(policy, reference, optimizer, update));
    return new Learner(policy, reference, optimizer, update);
  }

  @Test
  void cutsAreTheStepsOfTheirGroupsOneAfterTheOther() {
    List<ScoredGroup> groups = Groups.ragged();
    Learner cut = learner(new TestSettings().groupsPerUpdate(2).updatesPerBatch(2));
    Learner byHand = learner(new TestSettings());

    StepResult result = cut.step(0, groups);
    for (int round = 0; round < 2; round++) {
      byHand.step(0, groups.subList(0, 2));
      byHand.step(0, groups.subList(2, 3));
    }

    assertThat(result.metrics()).containsEntry("updates", 4.0);
    assertThat(cut.optimizer().numSteps()).isEqualTo(4);
    assertThat(((StepResult.Taken) result).step()).isEqualTo(1);
    assertThat(cut.hash()).isEqualTo(byHand.hash());
  }

  @Test
  void aRecordedPackingTakesTheSameUpdatesAgain() {
    TestSettings settings = new TestSettings().groupsPerUpdate(2).microBatchTokens(10);
    Learner first = learner(settings);
    Learner second = learner(settings);

    var taken = (StepResult.Taken) first.step(0, Groups.ragged());
    int pieces = second.update().begin(Groups.ragged(), taken.microBatches(), Groups.version(0));
    for (int i = 0; i < pieces; i++) {
      second.update().microBatch();
    }
    second.update().finish();

    assertThat(taken.microBatches()).containsExactly(1, 1, 1);
    assertThat(second.hash()).isEqualTo(first.hash());
  }

  /** With weights of 1 and the ratio at 1, the first update does not see where its anchor is. */
  @Test
  void oldLogProbsAreThoseBeforeTheFirstUpdate() {
    TestSettings anchored =
        new TestSettings()
            .updatesPerBatch(3)
            .objective(PLAIN.withRatio(RatioAnchor.OLD, RatioLevel.TOKEN));
    Learner byOld = learner(anchored);
    Learner byBehaviour = learner(new TestSettings().updatesPerBatch(3));

    // What the policy itself says of the tokens is both old and behaviour.
    List<ScoredGroup> own = sampledBy(byOld.policy());
    byOld.step(0, own);
    byBehaviour.step(0, own);

    assertThat(byOld.hash()).isEqualTo(byBehaviour.hash());
  }

  @Test
  void constantsOfAnUpdateSpanItsMicroBatches() {
    ObjectiveSettings normalised =
        PLAIN
            .withRatio(RatioAnchor.OLD, RatioLevel.TOKEN)
            .withMismatch(
                new MismatchWeights(
                    MismatchLevel.TOKEN, MismatchAction.TRUNCATE, WeightBounds.upTo(5), true))
            .withEntropy(new EntropySettings(0.01, 0.55));
    Learner whole = learner(new TestSettings().objective(normalised));
    Learner split = learner(new TestSettings().objective(normalised).microBatchTokens(1));

    SortedMap<String, Double> expected = whole.step(0, Groups.ragged()).metrics();
    SortedMap<String, Double> actual = split.step(0, Groups.ragged()).metrics();

    for (String metric : List.of("loss", "grad_norm")) {
      assertThat(actual.get(metric)).as(metric).isCloseTo(expected.get(metric), within(1e-6));
    }
    assertThat(actual.get("sampling/importance_sampling_ratio/mean")).isCloseTo(1, within(1e-6));
  }

  @Test
  void aGroupThatIsFilteredCostsNoPassAndDoesNotCount() {
    ObjectiveSettings filtering = PLAIN.withFilter(WITHOUT_EQUAL_SCORES);
    List<ScoredGroup> more = new ArrayList<>(Groups.ragged());
    more.add(1, equalScores());
    Learner with = learner(new TestSettings().objective(filtering).microBatchTokens(1));
    Learner without = learner(new TestSettings().objective(filtering).microBatchTokens(1));

    int pieces = with.update().begin(more, Groups.version(0));
    with.update().abandon();
    StepResult result = with.step(0, more);
    without.step(0, Groups.ragged());

    assertThat(pieces).isEqualTo(Groups.ragged().size());
    assertThat(result.metrics()).containsEntry("filtered/zero_variance", 0.25);
    assertThat(with.hash()).isEqualTo(without.hash());
  }

  @Test
  void aBatchWithNothingLeftIsAStepThatChangesNothing() {
    ObjectiveSettings filtering = PLAIN.withFilter(WITHOUT_EQUAL_SCORES);
    ObjectiveSettings masking =
        PLAIN.withFilter(
            new GroupFilter(
                OptionalDouble.empty(), OptionalDouble.empty(), OptionalDouble.empty(), true));
    for (Learner learner :
        List.of(
            learner(new TestSettings().objective(filtering)),
            learner(new TestSettings().objective(masking)))) {
      String before = learner.hash();

      StepResult result = learner.step(4, List.of(equalScores()));

      assertThat(((StepResult.Taken) result).step()).isEqualTo(5);
      assertThat(learner.hash()).isEqualTo(before);
      assertThat(learner.optimizer().numSteps()).isZero();
      assertThat(result.metrics()).containsEntry("loss", 0.0).containsEntry("updates", 0.0);
      assertThat(result.metrics().values()).allMatch(value -> Double.isFinite(value));
    }
  }

  @Test
  void aLaterUpdateThatIsNotFiniteEndsTheStepAndNamesItsGroup() {
    List<ScoredGroup> groups = new ArrayList<>(Groups.ragged());
    groups.set(
        2,
        Groups.scored(
            12,
            new int[] {2, 3},
            List.of(new int[] {1}, new int[] {2}),
            List.of(new float[] {Float.NaN}, new float[] {-1}),
            1,
            0));
    Learner cut = learner(new TestSettings().groupsPerUpdate(2));
    Learner byHand = learner(new TestSettings());

    var result = (StepResult.Taken) cut.step(0, groups);
    byHand.step(0, groups.subList(0, 2));

    assertThat(result.notFinite()).containsExactly(new GroupId(12));
    assertThat(result.metrics()).containsEntry("updates", 1.0);
    assertThat(cut.hash()).isEqualTo(byHand.hash());
  }

  @Test
  void theGroupBehindAGradientThatIsNotFiniteIsFound() {
    Learner learner = learner(new TestSettings());
    learner.policy().breakGradientsOf(6);
    String before = learner.hash();

    StepResult result = learner.step(0, Groups.ragged());

    assertThat(result)
        .isInstanceOfSatisfying(
            StepResult.Skipped.class,
            skipped -> {
              assertThat(skipped.reason()).isEqualTo("a gradient is not finite");
              assertThat(skipped.groups()).containsExactly(new GroupId(2));
            });
    assertThat(learner.hash()).isEqualTo(before);
  }

  @Test
  void theReferenceFollowsAndGoesOnFromACheckpoint() throws IOException {
    TestSettings settings =
        new TestSettings()
            .objective(ObjectivePreset.GRPO.settings())
            .reference(new ReferenceSettings(2, 0.25));
    Learner learner = learner(settings);
    float start = first(learner.policy());
    learner.step(0, Groups.ragged());
    assertThat(firstOfReference(learner)).isEqualTo(start);

    learner.step(1, Groups.ragged());

    float expected = 0.25f * first(learner.policy()) + 0.75f * start;
    assertThat(first(learner.policy())).isNotEqualTo(start);
    assertThat(firstOfReference(learner)).isCloseTo(expected, within(1e-6f));
    Path file = temp.resolve("reference.safetensors");
    SafetensorsFile.write(file, learner.reference().state());
    Learner resumed = learner(settings);
    try (SafetensorsFile weights = SafetensorsFile.open(file)) {
      resumed.reference().restore(weights.tensors());
    }
    assertThat(firstOfReference(resumed)).isEqualTo(firstOfReference(learner));
  }

  @Test
  void aReferenceThatStaysIsInNoCheckpoint() {
    Learner learner = learner(new TestSettings().objective(ObjectivePreset.GRPO.settings()));

    assertThat(learner.reference().state()).isEmpty();
  }

  private static float first(TinyPolicy policy) {
    return policy.parameters().firstEntry().getValue().getFloat(0);
  }

  private float firstOfReference(Learner learner) throws IOException {
    Path file = temp.resolve("now.safetensors");
    SafetensorsFile.write(file, learner.reference().state());
    try (SafetensorsFile weights = SafetensorsFile.open(file);
        NDManager scope = NDManager.newBaseManager()) {
      return WeightArrays.load(weights.tensors().firstEntry().getValue(), scope).getFloat(0);
    }
  }

  private static ScoredGroup equalScores() {
    return Groups.scored(
        9,
        new int[] {2},
        List.of(new int[] {1}, new int[] {2}),
        List.of(new float[] {-1}, new float[] {-2}),
        0.3,
        0.3);
  }

  private static List<ScoredGroup> sampledBy(TinyPolicy policy) {
    int[] prompt = {1, 2, 3};
    List<int[]> tokens = List.of(new int[] {1, 2, 7}, new int[] {4});
    return List.of(
        Groups.scored(
            0,
            prompt,
            tokens,
            policy.logProbs(Groups.encode(Groups.prompt(prompt)), tokens),
            1,
            0));
  }
}
