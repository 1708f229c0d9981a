package dev.sampo.vlm.qwen;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.GenerationCache;
import dev.sampo.vlm.Passes;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.ops.OptimizerOps;
import dev.sampo.vlm.ops.SamplingOps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Native memory is given back after every step. */
class MemoryTest {
  /** One step keeps some 3 MB of activations, so a leak of them shows many times over. */
  private static final long ALLOWED_BYTES = 40L << 20;

  private static byte[] touched = new byte[1 << 20];

  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(3);

  @Test
  @EnabledOnOs(OS.LINUX)
  void hundredsOfTrainingStepsKeepMemoryFlat() throws IOException {
    try (VisionLanguageModel model = TinyModels.model();
        NDManager base = TinyModels.newScope()) {
      model.parameters().values().forEach(array -> array.setRequiresGradient(true));
      EncodedPrompt prompt =
          TinyModels.prompt(random, List.of(TinyModels.image(random, 12, 12)), 20);
      List<int[]> branches =
          IntStream.range(0, 16).mapToObj(i -> TinyModels.tokens(random, 30)).toList();
      var tree = new PrefixTree(List.of(new PrefixTree.Group(prompt, branches)));

      run(50, () -> trainingStep(model, tree, base));
      long before = nativeBytes();
      int handles = base.getManagedArrays().size();
      run(250, () -> trainingStep(model, tree, base));

      assertThat(base.getManagedArrays()).hasSize(handles);
      assertThat(nativeBytes() - before).isLessThan(ALLOWED_BYTES);
    }
  }

  private static void trainingStep(VisionLanguageModel model, PrefixTree tree, NDManager base) {
    Passes.backward(model, tree, NDArray::sum);
    try (NDManager scope = base.newSubManager()) {
      List<NDArray> gradients =
          model.parameters().values().stream().map(NDArray::getGradient).toList();
      OptimizerOps.zero(scope, gradients);
      gradients.forEach(NDArray::close);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void thousandsOfDecodeStepsKeepMemoryFlat() throws IOException {
    try (VisionLanguageModel model = TinyModels.model();
        NDManager base = TinyModels.newScope();
        GenerationCache cache = model.newCache(new GenerationCache.Capacity(16, 8, 60, 40))) {
      List<EncodedPrompt> prompts =
          IntStream.range(0, 16)
              .mapToObj(i -> TinyModels.prompt(random, List.of(TinyModels.image(random, 8, 8)), 20))
              .toList();

      run(5, () -> generate(cache, prompts, base));
      long before = nativeBytes();
      run(50, () -> generate(cache, prompts, base));

      assertThat(nativeBytes() - before).isLessThan(ALLOWED_BYTES);
    }
  }

  private void generate(GenerationCache cache, List<EncodedPrompt> prompts, NDManager base) {
    int[] rows = IntStream.range(0, 128).toArray();
    try (NDManager scope = base.newSubManager()) {
      cache.prefill(prompts, IntStream.range(0, 16).toArray(), scope);
    }
    for (int i = 0; i < 40; i++) {
      try (NDManager scope = base.newSubManager()) {
        NDArray logits = cache.decode(rows, TinyModels.tokens(random, 128), scope);
        double[] uniforms = random.doubles(128).toArray();
        SamplingOps.sample(scope, logits, 1, 0, 1, scope.create(uniforms));
      }
    }
  }

  private static void run(int times, Runnable step) {
    for (int i = 0; i < times; i++) {
      step.run();
    }
  }

  /** Memory of the process outside the Java heap. */
  private static long nativeBytes() throws IOException {
    // The heap takes its pages when they are first used: use them all, then what grows is native.
    long heap = Runtime.getRuntime().totalMemory();
    for (long used = 0; used < 2 * heap; used += touched.length) {
      touched = new byte[1 << 20];
    }
    System.gc(); // frees direct buffers
    String[] pages = Files.readString(Path.of("/proc/self/statm")).split(" ", -1);
    return Long.parseLong(pages[1]) * 4096 - Runtime.getRuntime().totalMemory();
  }
}
