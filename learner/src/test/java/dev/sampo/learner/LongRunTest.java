package dev.sampo.learner;

import static dev.sampo.learner.optimizer.ScheduleShape.CONSTANT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.learner.objective.EntropySettings;
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
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.weights.Parameter.Part;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.Set;
import javax.management.JMException;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** However many steps were taken, each on images of its own: what they held is given back. */
class LongRunTest {
  /** Until then the compiler and the allocator of the process still grow. */
  private static final int WARM_UP = 400;

  @TempDir private Path temp;

  /**
   * What is trained, and for how many updates: everything by one update a step without a reference;
   * the decoder by four, against a copy that follows, with scores before the updates; adapters
   * against the model below them, whose divergence is in the reward.
   */
  @SuppressWarnings("ImmutableEnumChecker") // made by Set.of
  enum Training {
    EVERYTHING(2000, Set.of()),
    DECODER(800, Set.of(Part.VISION_TOWER, Part.PROJECTOR)),
    ADAPTERS(800, Set.of());

    private final int steps;
    private final Set<Part> frozen;

    Training(int steps, Set<Part> frozen) {
      this.steps = steps;
      this.frozen = frozen;
    }
  }

  @ParameterizedTest
  @EnumSource
  @EnabledOnOs(OS.LINUX)
  void stepsKeepHandlesAndMemoryFlat(Training training) throws IOException, JMException {
    LearnerSettings settings = settings(training);
    try (VisionLanguageModel model = open(training);
        ReferencePolicy reference = reference(training, model, settings);
        AdamW optimizer = new AdamW(model.trainable(training.frozen), settings.optimizer())) {
      ResumeTest.take(model, reference, optimizer, settings, WARM_UP, 1, TinyQwen::encode);
      var before = NativeMemory.now();

      ResumeTest.take(model, reference, optimizer, settings, training.steps, 1, TinyQwen::encode);

      before.assertFlat();
      assertThat(optimizer.numSteps()).isEqualTo(training.steps);
    }
  }

  private static LearnerSettings settings(Training training) {
    ObjectiveSettings grpo = ObjectivePreset.GRPO.settings();
    TestSettings choice = new TestSettings().microBatchTokens(40).learningRate(1e-3, CONSTANT, 0);
    return switch (training) {
      case EVERYTHING -> ResumeTest.SETTINGS;
      case DECODER ->
          choice
              .updatesPerBatch(2)
              .groupsPerUpdate(1)
              .reference(new ReferenceSettings(5, 0.5))
              .objective(
                  grpo.withRatio(RatioAnchor.OLD, RatioLevel.TOKEN)
                      .withMismatch(
                          new MismatchWeights(
                              MismatchLevel.TOKEN,
                              MismatchAction.TRUNCATE,
                              WeightBounds.upTo(2),
                              true))
                      .withEntropy(new EntropySettings(0.01, 0.5)))
              .build();
      case ADAPTERS ->
          choice
              .objective(
                  grpo.withKl(
                      new KlSettings(
                          KlEstimator.K1,
                          0.1,
                          KlPlace.REWARD,
                          false,
                          OptionalDouble.empty(),
                          false)))
              .build();
    };
  }

  private ReferencePolicy reference(
      Training training, VisionLanguageModel model, LearnerSettings settings) {
    return switch (training) {
      case EVERYTHING -> ReferencePolicy.none();
      case DECODER ->
          ReferencePolicy.copy(TinyQwen.load(temp.resolve("model")), settings.reference());
      case ADAPTERS -> ReferencePolicy.withoutAdapters(model);
    };
  }

  private VisionLanguageModel open(Training training) throws IOException {
    Path folder = TinyQwen.modelFolder(temp);
    try (VisionLanguageModel model = TinyQwen.initialize(folder, 3)) {
      model.save(folder);
    }
    return switch (training) {
      case EVERYTHING -> TinyQwen.load(folder);
      // Room for the features of 16 images.
      case DECODER ->
          VisionLanguageModels.load(
              folder, ModelOptions.onCpu().keepingFeatures(training.frozen, 16 * 4 * 32 * 4));
      case ADAPTERS -> TinyQwen.loadAdapted(folder, 3);
    };
  }
}
