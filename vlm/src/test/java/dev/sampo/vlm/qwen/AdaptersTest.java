package dev.sampo.vlm.qwen;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.GenerationCache;
import dev.sampo.vlm.Passes;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.PrefixTree.Group;
import dev.sampo.vlm.TrainingPass;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.lora.AdapterSource;
import dev.sampo.vlm.lora.LoraSettings;
import dev.sampo.vlm.ops.Gradients;
import dev.sampo.vlm.weights.Parameter.Part;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model with low-rank adapters on its linear modules. */
class AdaptersTest {
  private static final LoraSettings EVERYWHERE = new LoraSettings(3, 6, 0, List.of(".*"));
  private static final LoraSettings STANDARD = new LoraSettings(3, 6, 0, List.of());

  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(3);
  private final EncodedPrompt prompt =
      TinyModels.prompt(random, List.of(TinyModels.image(random, 6, 8)), 4);
  private final PrefixTree tree =
      new PrefixTree(
          List.of(
              new Group(
                  prompt, List.of(TinyModels.tokens(random, 5), TinyModels.tokens(random, 3)))));
  private final NDManager scope = TinyModels.newScope();

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void newAdaptersChangeNothing() {
    try (VisionLanguageModel plain = TinyModels.model();
        VisionLanguageModel adapted = model(EVERYWHERE)) {
      assertThat(scores(adapted)).isEqualTo(scores(plain));
    }
  }

  @Test
  void adaptersComputeWhatTheWeightsTheyAreMergedIntoCompute(@TempDir Path folder)
      throws IOException {
    try (VisionLanguageModel adapted = model(EVERYWHERE)) {
      randomise(adapted.trainable(Set.of()));
      boolean untied = adapted.saveMerged(folder);

      try (VisionLanguageModel merged = TinyModels.load(folder)) {
        assertThat(untied).isFalse();
        assertThat(merged.parameters().keySet()).noneMatch(name -> name.contains("lora"));
        assertThat(scores(adapted))
            .usingComparatorWithPrecision(2e-5f)
            .containsExactly(scores(merged));
        assertThat(decoded(adapted))
            .usingComparatorWithPrecision(2e-5f)
            .containsExactly(decoded(merged));
      }
      try (VisionLanguageModel plain = TinyModels.model()) {
        assertThat(maxDifference(scores(adapted), scores(plain))).isGreaterThan(0.01f);
      }
    }
  }

  @Test
  void withoutAdaptersTheModelIsTheOneBelowThem() {
    try (VisionLanguageModel plain = TinyModels.model();
        VisionLanguageModel adapted = model(EVERYWHERE)) {
      randomise(adapted.trainable(Set.of()));

      float[] below = adapted.withoutAdapters().score(tree, 1, scope).logProbs().toFloatArray();

      assertThat(below).isEqualTo(scores(plain)).isNotEqualTo(scores(adapted));
    }
  }

  @Test
  void recomputedLayersDropTheSame() {
    var everywhere = new LoraSettings(3, 6, 0.5, List.of(".*"));
    try (VisionLanguageModel kept = model(everywhere);
        VisionLanguageModel recomputed = model(everywhere)) {
      trainTwice(kept, false);
      trainTwice(recomputed, true);

      recomputed
          .trainable(Set.of())
          .forEach((name, array) ->
              assertThat(array.getGradient().toFloatArray())
                  .as(name)
                  .isEqualTo(TinyModels.parameter(kept, name).getGradient().toFloatArray()));
    }
  }

  private void trainTwice(VisionLanguageModel model, boolean recompute) {
    SortedMap<String, NDArray> trainable = model.trainable(Set.of());
    randomise(trainable, RandomGeneratorFactory.of("L64X128MixRandom").create(9));
    trainable.values().forEach(array -> array.setRequiresGradient(true));
    Gradients.seed(4, 0);
    // Rows of 5 and 3 tokens are cut into chunks, whose logits are computed twice.
    var pass = new TrainingPass(1, false, recompute, 2);
    Passes.logProbs(model, tree, pass);
    Passes.logProbs(model, tree, pass);
  }

  @Test
  void onlyAdaptersOutsideTheVisionTowerAreTrainedByDefault() {
    try (VisionLanguageModel adapted = model(STANDARD)) {
      SortedMap<String, NDArray> trainable = adapted.trainable(Set.of());
      SortedMap<String, String> before = WeightArrays.hashes(adapted.parameters());
      trainable.values().forEach(array -> array.setRequiresGradient(true));

      Passes.backward(adapted, tree, NDArray::sum);

      assertThat(trainable.keySet())
          .allMatch(name -> name.contains(".lora_A.") || name.contains(".lora_B."))
          .noneMatch(name -> name.contains("visual"))
          .anyMatch(name -> name.contains("lm_head"));
      // B is zero at the start, so that only B has a gradient.
      trainable.forEach((name, array) ->
          assertThat(array.getGradient().norm().getFloat() > 0)
              .as(name)
              .isEqualTo(name.contains(".lora_B.")));
      assertThat(adapted.parameters().entrySet())
          .filteredOn(entry -> !trainable.containsKey(entry.getKey()))
          .noneMatch(entry -> entry.getValue().hasGradient());
      assertThat(WeightArrays.hashes(adapted.parameters())).isEqualTo(before);
    }
  }

  @Test
  void dropoutActsOnAdaptersInTrainingAloneAndFollowsItsSeed() {
    try (VisionLanguageModel adapted = model(new LoraSettings(3, 6, 0.5, List.of()))) {
      randomise(adapted.trainable(Set.of()));
      float[] evaluated = scores(adapted);
      adapted.trainable(Set.of()).values().forEach(array -> array.setRequiresGradient(true));

      assertThat(scores(adapted)).isEqualTo(evaluated);
      assertThat(recorded(adapted, 1)).isEqualTo(recorded(adapted, 1));
      assertThat(maxDifference(recorded(adapted, 1), recorded(adapted, 2))).isGreaterThan(0.01f);
      assertThat(maxDifference(recorded(adapted, 1), evaluated)).isGreaterThan(0.01f);
    }
  }

  @Test
  void aFrozenVisionTowerGetsNoGradientAndChangesNoOther() {
    try (VisionLanguageModel model = TinyModels.model();
        VisionLanguageModel whole = TinyModels.model()) {
      Set<Part> frozen = Set.of(Part.VISION_TOWER, Part.PROJECTOR);
      backward(whole, whole.trainable(Set.of()));
      SortedMap<String, NDArray> trainable = model.trainable(frozen);
      backward(model, trainable);

      assertThat(trainable.keySet()).noneMatch(name -> name.startsWith("visual."));
      assertThat(model.trainable(Set.of(Part.VISION_TOWER)).keySet())
          .filteredOn(name -> name.startsWith("visual."))
          .isNotEmpty()
          .allMatch(name -> name.startsWith("visual.merger."));
      trainable.forEach((name, array) ->
          assertThat(array.getGradient().toFloatArray())
              .as(name)
              .usingComparatorWithPrecision(1e-6f)
              .containsExactly(
                  Objects.requireNonNull(whole.parameters().get(name))
                      .getGradient()
                      .toFloatArray()));
    }
  }

  private void backward(VisionLanguageModel model, SortedMap<String, NDArray> trainable) {
    trainable.values().forEach(array -> array.setRequiresGradient(true));
    Passes.backward(model, tree, NDArray::sum);
  }

  private static VisionLanguageModel model(LoraSettings settings) {
    return TinyModels.model(new AdapterSource.Fresh(settings, 5));
  }

  private void randomise(SortedMap<String, NDArray> arrays) {
    randomise(arrays, random);
  }

  private static void randomise(SortedMap<String, NDArray> arrays, RandomGenerator random) {
    for (NDArray array : arrays.values()) {
      var values = new float[(int) array.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = 0.3f * (float) random.nextGaussian();
      }
      array.set(values);
    }
  }

  private float[] scores(VisionLanguageModel model) {
    return model.score(tree, 1, scope).logProbs().toFloatArray();
  }

  private float[] recorded(VisionLanguageModel model, long seed) {
    Gradients.seed(seed, 0);
    return Passes.logProbs(model, tree, Passes.PLAIN);
  }

  private float[] decoded(VisionLanguageModel model) {
    var capacity = new GenerationCache.Capacity(1, 1, prompt.length(), 2);
    try (GenerationCache cache = model.newCache(capacity)) {
      cache.prefill(List.of(prompt), new int[] {0}, scope);
      return cache.decode(new int[] {0}, new int[] {7}, scope).toFloatArray();
    }
  }

  private static float maxDifference(float[] a, float[] b) {
    float max = 0;
    for (int i = 0; i < a.length; i++) {
      max = Math.max(max, Math.abs(a[i] - b[i]));
    }
    return max;
  }
}
