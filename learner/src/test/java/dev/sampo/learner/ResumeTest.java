package dev.sampo.learner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.sampo.learner.batch.PromptEncoder;
import dev.sampo.learner.checkpoint.CheckpointFolder;
import dev.sampo.learner.checkpoint.Retention;
import dev.sampo.learner.checkpoint.TrainerState;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.learner.optimizer.AdamWSettings;
import dev.sampo.learner.optimizer.ScheduleShape;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.LogProbs;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StopReason;
import dev.sampo.protocol.TokenIds;
import dev.sampo.protocol.VersionSpan;
import dev.sampo.vlm.Precision;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.weights.Parameter.Part;
import dev.sampo.vlm.weights.SafetensorsFile;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Policy steps of the real model, tiny, across a checkpoint. */
class ResumeTest {
  private static final long TOTAL_STEPS = 6;
  static final LearnerSettings SETTINGS =
      new TestSettings()
          .learningRate(0.01, ScheduleShape.COSINE, 2)
          .optimizer(new AdamWSettings(0.1, 0.9, 0.99, 1e-8, 1))
          .microBatchTokens(40)
          .build();

  @TempDir private Path temp;

  @ParameterizedTest
  @EnumSource
  void aResumedRunEndsInTheSameBits(Precision precision) throws IOException {
    Path modelFolder = TinyQwen.modelFolder(temp);
    CheckpointFolder checkpoints =
        new CheckpointFolder(temp.resolve("checkpoints"), modelFolder, new Retention(1, 0));
    String expected;
    try (VisionLanguageModel model = TinyQwen.initialize(modelFolder, 3, precision);
        AdamW optimizer = new AdamW(model.parameters(), SETTINGS.optimizer())) {
      take(model, optimizer, 4);
      save(checkpoints, model, optimizer);
      take(model, optimizer, 6);
      expected = WeightArrays.sha256(model.parameters());
    }

    Path checkpoint = checkpoints.newest(Assertions::fail).orElseThrow();
    try (VisionLanguageModel model = TinyQwen.load(checkpoint, precision);
        AdamW optimizer = new AdamW(model.parameters(), SETTINGS.optimizer())) {
      assertThat(restore(checkpoint, model, optimizer).step()).isEqualTo(4);
      take(model, optimizer, 6);

      assertThat(WeightArrays.sha256(model.parameters())).isEqualTo(expected);
    }
  }

  /** What is frozen, and how the names of what is trained then begin. */
  static Stream<Arguments> frozenParts() {
    return Stream.of(
        arguments(Set.of(), Set.of("visual.patch", "visual.blocks", "visual.merger", "model")),
        arguments(Set.of(Part.VISION_TOWER), Set.of("visual.merger", "model")),
        arguments(Set.of(Part.VISION_TOWER, Part.PROJECTOR), Set.of("model")));
  }

  @ParameterizedTest
  @MethodSource("frozenParts")
  void frozenPartsStayBitForBitAndAllOthersChange(Set<Part> frozen, Set<String> trained)
      throws IOException {
    Path modelFolder = TinyQwen.modelFolder(temp);
    try (VisionLanguageModel model = TinyQwen.initialize(modelFolder, 3);
        AdamW optimizer = new AdamW(model.trainable(frozen), SETTINGS.optimizer())) {
      Map<String, String> before = WeightArrays.hashes(model.parameters());

      take(model, optimizer, 3);

      WeightArrays.hashes(model.parameters())
          .forEach((name, hash) -> {
            boolean isTrained = trained.stream().anyMatch(name::startsWith);
            assertThat(!hash.equals(before.get(name))).as(name).isEqualTo(isTrained);
          });
    }
  }

  @Test
  void adaptersAreTrainedAndTheModelBelowThemStaysBitForBit() throws IOException {
    Path modelFolder = savedModel();
    try (VisionLanguageModel model = TinyQwen.loadAdapted(modelFolder, 3);
        AdamW optimizer = new AdamW(model.trainable(Set.of()), SETTINGS.optimizer())) {
      Map<String, String> before = WeightArrays.hashes(model.parameters());
      Set<String> adapters = model.trainable(Set.of()).keySet();

      take(model, optimizer, 3);

      assertThat(adapters).isNotEmpty();
      assertThat(before).hasSizeGreaterThan(adapters.size());
      WeightArrays.hashes(model.parameters())
          .forEach((name, hash) ->
              assertThat(!hash.equals(before.get(name)))
                  .as(name)
                  .isEqualTo(adapters.contains(name)));
    }
  }

  @Test
  void aResumedRunOfAdaptersEndsInTheSameBits() throws IOException {
    Path modelFolder = savedModel();
    CheckpointFolder checkpoints =
        new CheckpointFolder(temp.resolve("checkpoints"), modelFolder, new Retention(1, 0));
    String expected;
    try (VisionLanguageModel model = TinyQwen.loadAdapted(modelFolder, 3);
        AdamW optimizer = new AdamW(model.trainable(Set.of()), SETTINGS.optimizer())) {
      take(model, optimizer, 4);
      save(checkpoints, model, optimizer);
      take(model, optimizer, 6);
      expected = WeightArrays.sha256(model.parameters());
    }

    Path checkpoint = checkpoints.newest(Assertions::fail).orElseThrow();
    assertThat(checkpoint.resolve("adapter_model.safetensors")).isRegularFile();
    assertThat(checkpoint.resolve("model.safetensors")).doesNotExist();
    try (VisionLanguageModel model = TinyQwen.load(checkpoint);
        AdamW optimizer = new AdamW(model.trainable(Set.of()), SETTINGS.optimizer())) {
      restore(checkpoint, model, optimizer);
      take(model, optimizer, 6);

      assertThat(WeightArrays.sha256(model.parameters())).isEqualTo(expected);
    }
  }

  private static void save(
      CheckpointFolder checkpoints, VisionLanguageModel model, AdamW optimizer) {
    PolicyVersion version =
        new PolicyVersion("test", 1, optimizer.numSteps(), WeightArrays.sha256(model.parameters()));
    checkpoints.save(
        model,
        new TrainerState(version, TOTAL_STEPS, 1, Map.of(), Map.of()),
        Map.of(CheckpointFolder.OPTIMIZER, optimizer.state()));
  }

  private static TrainerState restore(Path checkpoint, VisionLanguageModel model, AdamW optimizer) {
    CheckpointFolder.verify(checkpoint, model);
    try (SafetensorsFile moments =
        CheckpointFolder.tensors(checkpoint, CheckpointFolder.OPTIMIZER)) {
      optimizer.restore(moments.tensors());
    }
    return CheckpointFolder.state(checkpoint);
  }

  private Path savedModel() throws IOException {
    Path modelFolder = TinyQwen.modelFolder(temp);
    try (VisionLanguageModel base = TinyQwen.initialize(modelFolder, 3)) {
      base.save(modelFolder);
    }
    return modelFolder;
  }

  @Test
  void dropoutFollowsTheSeedOfTheRun() throws IOException {
    Path modelFolder = savedModel();

    String first = adaptersAfterTwoSteps(modelFolder, 1);

    assertThat(adaptersAfterTwoSteps(modelFolder, 1)).isEqualTo(first);
    assertThat(adaptersAfterTwoSteps(modelFolder, 2)).isNotEqualTo(first);
  }

  private static String adaptersAfterTwoSteps(Path modelFolder, long runSeed) {
    try (VisionLanguageModel model = TinyQwen.loadAdapted(modelFolder, 3);
        AdamW optimizer = new AdamW(model.trainable(Set.of()), SETTINGS.optimizer())) {
      take(model, optimizer, 2, runSeed, TinyQwen::encode);
      return WeightArrays.sha256(model.parameters());
    }
  }

  private static void take(VisionLanguageModel model, AdamW optimizer, long upTo) {
    take(model, optimizer, upTo, 1, TinyQwen::encode);
  }

  /** Takes steps with groups that depend on the step alone. */
  static void take(
      VisionLanguageModel model, AdamW optimizer, long upTo, long runSeed, PromptEncoder encoder) {
    take(model, ReferencePolicy.none(), optimizer, SETTINGS, upTo, runSeed, encoder);
  }

  /** As above, against a reference and with settings of any kind. */
  static void take(
      VisionLanguageModel model,
      ReferencePolicy reference,
      AdamW optimizer,
      LearnerSettings settings,
      long upTo,
      long runSeed,
      PromptEncoder encoder) {
    var run = new PolicyUpdate.Run(TOTAL_STEPS, runSeed, Map.of());
    try (PolicyUpdate update =
        new PolicyUpdate(model, reference, optimizer, settings, run, encoder)) {
      while (optimizer.numSteps() < upTo) {
        long step = optimizer.numSteps();
        int microBatches =
            update.begin(
                List.of(group(2 * step, encoder), group(2 * step + 1, encoder)),
                Groups.version(step));
        for (int i = 0; i < microBatches; i++) {
          update.microBatch();
        }
        assertThat(update.finish()).isInstanceOf(StepResult.Taken.class);
      }
    }
  }

  /** A group that depends on its id alone. */
  private static ScoredGroup group(long id, PromptEncoder encoder) {
    Random random = new Random(id);
    Prompt prompt = TinyQwen.prompt((int) id, 2, 3, random.nextInt(20));
    List<Completion> completions = new ArrayList<>();
    List<CompletionScore> scores = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      int[] tokens = random.ints(2 + i, 0, 20).toArray();
      float[] logProbs = new float[tokens.length];
      Arrays.fill(logProbs, -3);
      completions.add(
          new Completion(
              TokenIds.of(tokens),
              LogProbs.of(logProbs),
              List.of(new VersionSpan(0, Groups.version(0))),
              StopReason.END_OF_TURN,
              ""));
      scores.add(
          new CompletionScore(Map.of("toy", new RewardOutcome.Scored(i)), OptionalDouble.of(i)));
    }
    CompletionGroup group =
        new CompletionGroup(
            new LeaseId(1, new GroupId(id), 1),
            prompt,
            TokenIds.of(encoder.encode(prompt).tokenIds()),
            List.of(),
            SamplingSettings.atTemperature(1, 8),
            0,
            completions,
            "test");
    return new ScoredGroup(group, scores);
  }
}
