package dev.sampo.vlm.parity;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.Passes;
import dev.sampo.vlm.PolicyScorer;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.PrefixTree.Group;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.lora.AdapterSource;
import dev.sampo.vlm.lora.LoraSettings;
import dev.sampo.vlm.weights.Parameter.Part;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What fixed weights make of an image is made once, for images of the same content. */
class KeptFeaturesTest {
  private static final Set<Part> VISION = Set.of(Part.VISION_TOWER, Part.PROJECTOR);
  private static final List<int[]> BRANCHES = List.of(new int[] {40, 41, 42}, new int[] {43});
  private static final float BOUND = 1e-5f;

  static Stream<Goldens> goldens() {
    return Goldens.all();
  }

  /** After the first pass the tower is spoiled, which shows where it is asked again. */
  @ParameterizedTest
  @MethodSource("goldens")
  void aFixedEncoderIsAskedOncePerImage(Goldens goldens) {
    EncodedPrompt prompt = prompt(goldens);
    try (VisionLanguageModel plain = Models.load(goldens);
        VisionLanguageModel model = load(goldens, VISION, 1 << 24);
        NDManager scope = Models.newScope()) {
      float[] expected = score(plain, prompt, scope);
      assertThat(score(model, prompt, scope))
          .usingComparatorWithPrecision(BOUND)
          .containsExactly(expected);
      float[] kept = score(model, prompt, scope);
      spoilTower(model);

      assertThat(score(model, copy(prompt), scope)).isEqualTo(kept);
      assertThat(Passes.logProbs(model, tree(prompt), Passes.PLAIN))
          .usingComparatorWithPrecision(BOUND)
          .containsExactly(kept);
      assertThat(score(model, brighter(prompt), scope)).isNotEqualTo(kept).contains(Float.NaN);
    }
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void behindAFixedTowerTheProjectorIsTrained(Goldens goldens) {
    PrefixTree tree = tree(prompt(goldens));
    Set<Part> tower = Set.of(Part.VISION_TOWER);
    try (VisionLanguageModel plain = Models.load(goldens);
        VisionLanguageModel model = load(goldens, VISION, 1 << 24)) {
      Map<String, float[]> expected = gradients(plain, tower, tree);
      gradients(model, tower, tree);
      spoilTower(model);
      Map<String, float[]> actual = gradients(model, tower, tree);

      assertThat(actual.keySet()).isEqualTo(expected.keySet());
      actual.forEach((name, gradient) -> {
        float[] wanted = Objects.requireNonNull(expected.get(name));
        assertThat(Differences.largest(gradient, wanted))
            .as(name)
            .isLessThan(BOUND * Math.max(1, Differences.largest(wanted)));
      });
      assertThat(expected.keySet()).anyMatch(name -> name.matches(".*(merger|projector).*"));
    }
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void whatIsTrainedAfterAllIsNotKept(Goldens goldens) {
    EncodedPrompt prompt = prompt(goldens);
    try (VisionLanguageModel model = load(goldens, VISION, 1 << 24);
        NDManager scope = Models.newScope()) {
      score(model, prompt, scope);
      model.parameters().values().forEach(array -> array.setRequiresGradient(true));
      spoilTower(model);

      assertThat(score(model, prompt, scope)).contains(Float.NaN);
    }
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void theLeastRecentlyUsedIsGivenUpFirst(Goldens goldens) {
    EncodedPrompt first = prompt(goldens);
    EncodedPrompt second = brighter(first);
    try (VisionLanguageModel model = load(goldens, VISION, bytes(goldens, first));
        NDManager scope = Models.newScope()) {
      score(model, first, scope);
      float[] kept = score(model, second, scope);
      spoilTower(model);

      assertThat(score(model, second, scope)).isEqualTo(kept);
      assertThat(score(model, first, scope)).contains(Float.NaN);
    }
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void aPolicyAndItsBaseShareWhatTheirEqualEncodersMake(Goldens goldens) {
    EncodedPrompt first = prompt(goldens);
    EncodedPrompt second = brighter(first);
    try (VisionLanguageModel model = adapted(goldens, bytes(goldens, first), "o_proj|wo");
        NDManager scope = Models.newScope()) {
      score(model, first, scope);
      float[] kept = score(model.withoutAdapters(), second, scope);
      spoilTower(model);

      assertThat(score(model, second, scope)).isEqualTo(kept);
      assertThat(score(model, first, scope)).as("there is room for one image").contains(Float.NaN);
    }
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void anEncoderWithAdaptersKeepsFeaturesOfItsOwn(Goldens goldens) {
    EncodedPrompt prompt = prompt(goldens);
    try (VisionLanguageModel plain = Models.load(goldens);
        VisionLanguageModel model = adapted(goldens, 1 << 24, "vis.*(fc1|up_proj)");
        NDManager scope = Models.newScope()) {
      model
          .parameters()
          .forEach((name, array) -> {
            if (name.contains("lora_B")) {
              array.addi(0.1f);
            }
          });
      float[] adapted = score(model, prompt, scope);
      float[] base = score(model.withoutAdapters(), prompt, scope);

      assertThat(base)
          .usingComparatorWithPrecision(BOUND)
          .containsExactly(score(plain, prompt, scope));
      assertThat(score(model, prompt, scope)).isEqualTo(adapted).isNotEqualTo(base);
    }
  }

  /** As the learner opens a model whose adapters it trains. */
  private static VisionLanguageModel adapted(Goldens goldens, long bytes, String target) {
    ModelOptions options = ModelOptions.onCpu().keepingFeatures(Set.of(Part.values()), bytes);
    return VisionLanguageModels.load(
        goldens.folder(),
        options.with(new AdapterSource.Fresh(new LoraSettings(2, 4, 0, List.of(target)), 1)));
  }

  private static VisionLanguageModel load(Goldens goldens, Set<Part> fixed, long bytes) {
    return VisionLanguageModels.load(
        goldens.folder(), ModelOptions.onCpu().keepingFeatures(fixed, bytes));
  }

  private static EncodedPrompt prompt(Goldens goldens) {
    return goldens.prompt(goldens.caseOf("one-image"));
  }

  /** Of the features of one image. */
  private static long bytes(Goldens goldens, EncodedPrompt prompt) {
    int numFeatures = prompt.images().getFirst().numPatches() / 4;
    try (VisionLanguageModel model = Models.load(goldens)) {
      return 4L * numFeatures * model.settings().hiddenSize();
    }
  }

  private static EncodedPrompt copy(EncodedPrompt prompt) {
    return with(prompt, 0);
  }

  private static EncodedPrompt brighter(EncodedPrompt prompt) {
    return with(prompt, 0.1f);
  }

  private static EncodedPrompt with(EncodedPrompt prompt, float brightness) {
    List<ImagePatches> images =
        prompt.images().stream()
            .map(image -> {
              float[] values = image.values().clone();
              for (int i = 0; i < values.length; i++) {
                values[i] += brightness;
              }
              return new ImagePatches(values, image.temporal(), image.height(), image.width());
            })
            .toList();
    return new EncodedPrompt(prompt.tokenIds(), prompt.positions(), prompt.nextPosition(), images);
  }

  private static PrefixTree tree(EncodedPrompt prompt) {
    return new PrefixTree(List.of(new Group(prompt, BRANCHES)));
  }

  private static float[] score(PolicyScorer model, EncodedPrompt prompt, NDManager scope) {
    return model.score(tree(prompt), 1, scope).logProbs().toFloatArray();
  }

  private static void spoilTower(VisionLanguageModel model) {
    model
        .parameters()
        .forEach((name, array) -> {
          if (name.matches(".*patch_embed.*weight")) {
            boolean trained = array.hasGradient();
            array.setRequiresGradient(false);
            array.muli(Float.NaN);
            array.setRequiresGradient(trained);
          }
        });
  }

  private static Map<String, float[]> gradients(
      VisionLanguageModel model, Set<Part> frozen, PrefixTree tree) {
    SortedMap<String, NDArray> trainable = model.trainable(frozen);
    trainable
        .values()
        .forEach(array -> {
          array.setRequiresGradient(true);
          array.getGradient().muli(0);
        });
    Passes.backward(model, tree, NDArray::sum);
    var gradients = new TreeMap<String, float[]>();
    trainable.forEach((name, array) -> gradients.put(name, array.getGradient().toFloatArray()));
    return gradients;
  }
}
