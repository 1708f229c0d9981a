package dev.sampo.vlm.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.GenerationCache;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.image.ImageDecoder;
import dev.sampo.vlm.image.RgbImage;
import dev.sampo.vlm.prompt.VlmProcessor;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The images of a prompt count, each in its place, in every family. */
class ImagesOfPromptsTest {
  private static final int FIRST_SPECIAL = 505;
  private static final int[] BRANCH = {40, 41, 42};

  static Stream<Goldens> goldens() {
    return Goldens.all();
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void permutingOrReplacingImagesChangesLogProbs(Goldens goldens) throws IOException {
    try (VlmProcessor processor = VlmProcessor.load(goldens.folder());
        VisionLanguageModel model = Models.load(goldens);
        NDManager scope = Models.newScope()) {
      RgbImage one = square(goldens);
      RgbImage other = backwards(one);

      List<EncodedPrompt> prompts =
          Stream.of(
                  List.of(one, other),
                  List.of(other, one),
                  List.of(one, one),
                  List.of(other, other))
              .map(images -> processor.encode("left or right?", images))
              .toList();
      List<float[]> scores = prompts.stream().map(p -> score(model, p, scope)).toList();

      for (int i = 0; i < prompts.size(); i++) {
        for (int j = 0; j < i; j++) {
          assertThat(prompts.get(i).tokenIds()).isEqualTo(prompts.get(j).tokenIds());
          assertThat(Differences.largest(scores.get(i), scores.get(j)))
              .as("prompts %d and %d", i, j)
              .isGreaterThan(1e-3);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void promptsThatAreCutAmongTheirImageTokensAreRefused(Goldens goldens) throws IOException {
    try (VlmProcessor processor = VlmProcessor.load(goldens.folder());
        VisionLanguageModel model = Models.load(goldens);
        NDManager scope = Models.newScope()) {
      EncodedPrompt prompt = processor.encode("", List.of(square(goldens)));
      EncodedPrompt cut = cutAfterFirstImageToken(prompt);

      assertThatThrownBy(() -> score(model, cut, scope))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("needs as many image tokens, got 1");
      var capacity = new GenerationCache.Capacity(1, 1, prompt.length(), 1);
      try (GenerationCache cache = model.newCache(capacity)) {
        assertThatThrownBy(() -> cache.prefill(List.of(cut), new int[] {0}, scope))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("needs as many image tokens, got 1");
      }
    }
  }

  private static float[] score(VisionLanguageModel model, EncodedPrompt prompt, NDManager scope) {
    var tree = new PrefixTree(List.of(new PrefixTree.Group(prompt, List.of(BRANCH))));
    return model.score(tree, 1, scope).logProbs().toFloatArray();
  }

  private static RgbImage square(Goldens goldens) {
    String path = goldens.caseOf("one-image").path("images").path(0).asText();
    return ImageDecoder.read(goldens.folder().resolve(path));
  }

  /** The same size and colours, the other way round. */
  private static RgbImage backwards(RgbImage image) {
    byte[] reversed = new byte[image.rgb().length];
    for (int i = 0; i < reversed.length; i++) {
      reversed[i] = image.rgb()[reversed.length - 1 - i];
    }
    return new RgbImage(image.width(), image.height(), reversed);
  }

  /** Image tokens are the first special token that comes twice in a row. */
  private static EncodedPrompt cutAfterFirstImageToken(EncodedPrompt prompt) {
    int[] ids = prompt.tokenIds();
    int at = 0;
    while (ids[at] < FIRST_SPECIAL || ids[at] != ids[at + 1]) {
      at++;
    }
    int length = at + 1;
    int[][] positions =
        Arrays.stream(prompt.positions())
            .map(axis -> Arrays.copyOf(axis, length))
            .toArray(int[][]::new);
    return new EncodedPrompt(Arrays.copyOf(ids, length), positions, length, prompt.images());
  }
}
