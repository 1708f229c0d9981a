package dev.sampo.learner.sft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.sampo.learner.LearnerException;
import dev.sampo.learner.NativeMemory;
import dev.sampo.learner.TinyQwen;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.learner.optimizer.ScheduleShape;
import dev.sampo.protocol.Prompt;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.weights.SafetensorsFile;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import javax.management.JMException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Supervised training of the real model, tiny, on rows that are in memory. */
class SftTrainingTest {
  /** Rows by position; an empty one is bad. */
  private record Rows(List<Optional<SftExample>> rows) implements SftData {
    @Override
    public int size() {
      return rows.size();
    }

    @Override
    public Optional<SftExample> example(int row) {
      return rows.get(row);
    }
  }

  private static final Rows DATA =
      new Rows(
          List.of(
              row(1, "2 3 4", 7, 7, 1),
              row(1, "2 3 5", 8, 23),
              Optional.empty(),
              row(2, "2 3 4", 9, 10, 11, 23),
              row(2, "2 6", 12, 23)));

  @TempDir private Path temp;
  private Path modelFolder = Path.of("");

  @BeforeEach
  void writeConfig() throws IOException {
    modelFolder = TinyQwen.modelFolder(temp);
  }

  @Test
  void aModelLearnsToAnswer() {
    List<Double> losses = new ArrayList<>();

    try (VisionLanguageModel model = TinyQwen.initialize(modelFolder, 1);
        AdamW optimizer = optimizer(model, settings(60, 2, 1000));
        SftTraining training = training(model, optimizer, settings(60, 2, 1000))) {
      while (!training.isFinished()) {
        losses.add(metric(training.step().metrics(), "loss"));
      }
      assertThat(training.numBadRows()).isEqualTo(1);
    }

    assertThat(losses).hasSize(60);
    assertThat(losses.getFirst()).isGreaterThan(2.0);
    assertThat(losses.getLast()).isLessThan(0.2);
  }

  /** All rows of both images in one step: as a tree per image, or every question by itself. */
  @Test
  void sharingAnImageChangesNothingButTheWork() {
    try (VisionLanguageModel model = TinyQwen.initialize(modelFolder, 1);
        VisionLanguageModel other = TinyQwen.initialize(modelFolder, 1);
        AdamW optimizer = optimizer(model, settings(1, 2, 1000));
        AdamW otherOptimizer = optimizer(other, settings(1, 2, 1000));
        SftTraining shared = training(model, optimizer, settings(1, 2, 1000));
        SftTraining alone =
            new SftTraining(
                other,
                otherOptimizer,
                settings(1, 4, 1000),
                List.of(apart()),
                TinyQwen::encode,
                TinyQwen::encodeAnswer,
                5,
                0)) {
      SortedMap<String, Double> expected = alone.step().metrics();
      SortedMap<String, Double> actual = shared.step().metrics();

      assertThat(actual.get("rows")).isEqualTo(4);
      assertThat(expected.get("rows")).isEqualTo(4);
      assertThat(metric(actual, "loss")).isCloseTo(metric(expected, "loss"), within(1e-5));
      assertThat(metric(actual, "grad_norm"))
          .isCloseTo(metric(expected, "grad_norm"), within(1e-4));
    }
  }

  /** The same rows, no two of one image beside each other. */
  private static Rows apart() {
    return new Rows(List.of(DATA.example(0), DATA.example(3), DATA.example(1), DATA.example(4)));
  }

  @Test
  void microBatchesAddUpToTheStep() {
    try (VisionLanguageModel model = TinyQwen.initialize(modelFolder, 1);
        VisionLanguageModel other = TinyQwen.initialize(modelFolder, 1);
        AdamW optimizer = optimizer(model, settings(1, 2, 1000));
        AdamW otherOptimizer = optimizer(other, settings(1, 2, 1));
        SftTraining whole = training(model, optimizer, settings(1, 2, 1000));
        SftTraining split = training(other, otherOptimizer, settings(1, 2, 1))) {
      SortedMap<String, Double> expected = whole.step().metrics();
      SortedMap<String, Double> actual = split.step().metrics();

      assertThat(metric(actual, "loss")).isCloseTo(metric(expected, "loss"), within(1e-6));
      assertThat(metric(actual, "grad_norm"))
          .isCloseTo(metric(expected, "grad_norm"), within(1e-5));
    }
  }

  /** The moments and the number of the step are all that a training over loaded weights needs. */
  @Test
  void aResumedRunEndsInTheSameBits() throws IOException {
    SftSettings settings = settings(6, 1, 1000);
    Path moments = temp.resolve("moments.safetensors");
    Path half = Files.createDirectory(temp.resolve("half"));
    Files.copy(modelFolder.resolve("config.json"), half.resolve("config.json"));
    String expected;
    try (VisionLanguageModel model = TinyQwen.initialize(modelFolder, 1);
        AdamW optimizer = optimizer(model, settings);
        SftTraining training = training(model, optimizer, settings)) {
      for (int step = 0; step < 6; step++) {
        if (step == 3) {
          model.save(half);
          SafetensorsFile.write(moments, optimizer.state());
        }
        training.step();
      }
      expected = WeightArrays.sha256(model.parameters());
    }

    try (VisionLanguageModel model = TinyQwen.load(half);
        AdamW optimizer = optimizer(model, settings)) {
      try (SafetensorsFile file = SafetensorsFile.open(moments)) {
        optimizer.restore(file.tensors());
      }
      try (SftTraining training = training(model, optimizer, settings)) {
        while (!training.isFinished()) {
          training.step();
        }
      }
      assertThat(WeightArrays.sha256(model.parameters())).isEqualTo(expected);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void hundredsOfStepsKeepHandlesAndMemoryFlat() throws IOException, JMException {
    SftSettings settings = settings(800, 2, 1000);
    try (VisionLanguageModel model = TinyQwen.initialize(modelFolder, 1);
        AdamW optimizer = optimizer(model, settings);
        SftTraining training = training(model, optimizer, settings)) {
      while (optimizer.numSteps() < 300) {
        training.step();
      }
      var before = NativeMemory.now();

      while (!training.isFinished()) {
        training.step();
      }

      before.assertFlat();
    }
  }

  @Test
  void aStepWithoutAUsableRowNamesItself() {
    try (VisionLanguageModel model = TinyQwen.initialize(modelFolder, 1);
        AdamW optimizer = optimizer(model, settings(1, 1, 1000));
        SftTraining training =
            new SftTraining(
                model,
                optimizer,
                settings(1, 1, 1000),
                List.of(DATA),
                prompt -> {
                  throw new LearnerException("image gone");
                },
                TinyQwen::encodeAnswer,
                5,
                0)) {
      assertThatThrownBy(training::step)
          .isInstanceOf(LearnerException.class)
          .hasMessageContaining("step 0");
    }
  }

  /**
   * The image of two rows has values that are not finite; the others of the step are not to blame.
   */
  @Test
  void aStepThatIsNotFiniteChangesNothingAndNamesItsRows() {
    SftSettings settings = settings(3, 2, 1000);
    try (VisionLanguageModel model = TinyQwen.initialize(modelFolder, 1);
        AdamW optimizer = optimizer(model, settings);
        SftTraining training = poisoned(model, optimizer, settings, 0)) {
      String before = WeightArrays.sha256(model.parameters());

      SftStep.Skipped skipped = (SftStep.Skipped) training.step();

      assertThat(skipped.reason()).isEqualTo("the loss is not finite");
      assertThat(skipped.rows())
          .containsExactlyInAnyOrder(DATA.example(3).orElseThrow(), DATA.example(4).orElseThrow());
      assertThat(skipped.metrics()).containsKeys("learning_rate", "num_tokens", "time/step");
      assertThat(WeightArrays.sha256(model.parameters())).isEqualTo(before);
      assertThat(training.numTaken()).isEqualTo(1);
      assertThat(optimizer.numSteps()).isZero();
    }
  }

  /** One image per step: every other step is left out. Left and taken up after each of them. */
  @Test
  void aRunThatLeavesStepsOutIsResumedExactly() throws IOException {
    SftSettings settings = settings(6, 1, 1000);
    List<Class<?>> ends = new ArrayList<>();
    String expected;
    try (VisionLanguageModel model = TinyQwen.initialize(modelFolder, 1);
        AdamW optimizer = optimizer(model, settings);
        SftTraining training = poisoned(model, optimizer, settings, 0)) {
      while (!training.isFinished()) {
        ends.add(training.step().getClass());
      }
      expected = WeightArrays.sha256(model.parameters());
    }
    assertThat(ends).hasSize(6).contains(SftStep.Taken.class, SftStep.Skipped.class);

    Path left = Files.createDirectory(temp.resolve("left"));
    Files.copy(modelFolder.resolve("config.json"), left.resolve("config.json"));
    Path moments = temp.resolve("moments.safetensors");
    try (VisionLanguageModel model = TinyQwen.initialize(modelFolder, 1);
        AdamW optimizer = optimizer(model, settings)) {
      model.save(left);
      SafetensorsFile.write(moments, optimizer.state());
    }
    String last = "";
    for (long numTaken = 0; numTaken < 6; numTaken++) {
      try (VisionLanguageModel model = TinyQwen.load(left);
          AdamW optimizer = optimizer(model, settings)) {
        try (SafetensorsFile file = SafetensorsFile.open(moments)) {
          optimizer.restore(file.tensors());
        }
        try (SftTraining training = poisoned(model, optimizer, settings, numTaken)) {
          assertThat(training.step()).isInstanceOf(ends.get((int) numTaken));
        }
        model.save(left);
        SafetensorsFile.write(moments, optimizer.state());
        last = WeightArrays.sha256(model.parameters());
      }
    }
    assertThat(last).isEqualTo(expected);
  }

  /** A training in which the second image cannot be trained on. */
  private static SftTraining poisoned(
      VisionLanguageModel model, AdamW optimizer, SftSettings settings, long numTaken) {
    return new SftTraining(
        model,
        optimizer,
        settings,
        List.of(DATA),
        prompt -> isOfImage(prompt, 2) ? poisoned(prompt) : TinyQwen.encode(prompt),
        TinyQwen::encodeAnswer,
        5,
        numTaken);
  }

  private static boolean isOfImage(Prompt prompt, int image) {
    return prompt.images().equals(TinyQwen.prompt(image, 2).images());
  }

  private static EncodedPrompt poisoned(Prompt prompt) {
    EncodedPrompt encoded = TinyQwen.encode(prompt);
    ImagePatches image = encoded.images().getFirst();
    float[] values = image.values().clone();
    values[0] = Float.NaN;
    return new EncodedPrompt(
        encoded.tokenIds(),
        encoded.positions(),
        encoded.nextPosition(),
        List.of(new ImagePatches(values, image.temporal(), image.height(), image.width())));
  }

  @Test
  void dataWithoutAUsableRowAreRefusedAtTheStart() throws IOException {
    Rows empty = new Rows(List.of(Optional.empty(), Optional.empty()));
    assertThat(Files.exists(modelFolder)).isTrue();

    assertThatThrownBy(() -> ImageBlocks.scan(empty, 1))
        .isInstanceOf(LearnerException.class)
        .hasMessage("none of the 2 rows is usable");
  }

  private static Optional<SftExample> row(int image, String question, int... answer) {
    int[] ids = TinyQwen.encodeAnswer(question);
    StringBuilder text = new StringBuilder();
    for (int id : answer) {
      text.append(text.isEmpty() ? "" : " ").append(id);
    }
    return Optional.of(new SftExample(TinyQwen.prompt(image, ids), text.toString()));
  }

  private static SftTraining training(
      VisionLanguageModel model, AdamW optimizer, SftSettings settings) {
    return new SftTraining(
        model,
        optimizer,
        settings,
        List.of(DATA),
        TinyQwen::encode,
        TinyQwen::encodeAnswer,
        5,
        optimizer.numSteps());
  }

  private static AdamW optimizer(VisionLanguageModel model, SftSettings settings) {
    return new AdamW(model.parameters(), settings.optimizer());
  }

  private static SftSettings settings(long steps, int imagesPerStep, int microBatchTokens) {
    Path none = Path.of("");
    return new SftSettings(
        List.of(new SftPhase(none, none, "{Question}", imagesPerStep, 4, steps)),
        0.01,
        ScheduleShape.LINEAR,
        2,
        0,
        0.5,
        0.1,
        0.01,
        0.9,
        0.98,
        1e-8,
        1,
        microBatchTokens,
        false,
        1024,
        1);
  }

  private static double metric(SortedMap<String, Double> metrics, String name) {
    Double value = metrics.get(name);
    return value == null ? Double.NaN : value;
  }
}
