package dev.sampo.learner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.weights.Parameter.Part;
import java.io.IOException;
import java.nio.file.Path;
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

  /** What is trained, and for how long. */
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
    try (VisionLanguageModel model = open(training);
        AdamW optimizer =
            new AdamW(model.trainable(training.frozen), ResumeTest.SETTINGS.optimizer())) {
      ResumeTest.take(model, optimizer, WARM_UP, 1, TinyQwen::encode);
      var before = NativeMemory.now();

      ResumeTest.take(model, optimizer, training.steps, 1, TinyQwen::encode);

      before.assertFlat();
      assertThat(optimizer.numSteps()).isEqualTo(training.steps);
    }
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
