package dev.sampo.learner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.image.ImageDecoder;
import dev.sampo.vlm.lora.AdapterSource;
import dev.sampo.vlm.lora.LoraSettings;
import dev.sampo.vlm.prompt.VlmProcessor;
import dev.sampo.vlm.weights.Parameter.Part;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Steps of the optimizer leave what is frozen as it is, bit for bit, and change all the rest. */
class FrozenPartsTest {
  private static final Path GOLDENS = Path.of("../vlm/src/test/resources/goldens");

  /** Recorded checkpoints, and how the names of their parts begin. */
  enum Model {
    QWEN("windows-untied", "visual.", "visual.merger."),
    INTERNVL("internvl-300m", "vision_tower.", "multi_modal_projector.");

    private final Path folder;
    private final String tower;
    private final String projector;

    Model(String folder, String tower, String projector) {
      this.folder = GOLDENS.resolve(folder);
      this.tower = tower;
      this.projector = projector;
    }

    private Part part(String name) {
      if (name.startsWith(projector)) {
        return Part.PROJECTOR;
      }
      return name.startsWith(tower) ? Part.VISION_TOWER : Part.DECODER;
    }
  }

  static Stream<Arguments> choices() {
    return Stream.of(Model.values())
        .flatMap(model ->
            Stream.of(
                    Set.<Part>of(),
                    Set.of(Part.VISION_TOWER),
                    Set.of(Part.VISION_TOWER, Part.PROJECTOR),
                    Set.of(Part.DECODER))
                .map(frozen -> Arguments.of(model, frozen)));
  }

  @ParameterizedTest
  @MethodSource("choices")
  void frozenPartsStay(Model of, Set<Part> frozen) throws IOException {
    assertOnlyTheseChange(of, AdapterSource.NONE, frozen, name -> !frozen.contains(of.part(name)));
  }

  @ParameterizedTest
  @EnumSource
  void underAdaptersTheWholeModelStays(Model of) throws IOException {
    var adapters = new AdapterSource.Fresh(new LoraSettings(2, 4, 0.05, List.of(".*")), 1);

    assertOnlyTheseChange(of, adapters, Set.of(), name -> name.startsWith("base_model."));
  }

  private static void assertOnlyTheseChange(
      Model of, AdapterSource adapters, Set<Part> frozen, Predicate<String> isTrained)
      throws IOException {
    EncodedPrompt prompt = question(of);
    try (VisionLanguageModel model =
            VisionLanguageModels.load(of.folder, ModelOptions.onCpu().with(adapters));
        AdamW optimizer = new AdamW(model.trainable(frozen), ResumeTest.SETTINGS.optimizer())) {
      Map<String, String> before = WeightArrays.hashes(model.parameters());

      ResumeTest.take(model, optimizer, 3, 1, _ -> prompt);

      assertThat(before.keySet()).anyMatch(isTrained);
      WeightArrays.hashes(model.parameters())
          .forEach((name, hash) ->
              assertThat(!hash.equals(before.get(name))).as(name).isEqualTo(isTrained.test(name)));
    }
  }

  private static EncodedPrompt question(Model of) throws IOException {
    try (VlmProcessor processor = VlmProcessor.load(of.folder)) {
      return processor.encode(
          "Where?", List.of(ImageDecoder.read(GOLDENS.resolve("images/small-square.png"))));
    }
  }
}
