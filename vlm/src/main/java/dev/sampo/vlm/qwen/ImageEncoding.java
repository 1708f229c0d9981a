package dev.sampo.vlm.qwen;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.qwen.TreeLayout.ImageFeatures;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.stream.IntStream;

/** Encodes the images of prompts, each distinct image once, and says which token takes what. */
final class ImageEncoding {
  private final VisionTower tower;
  private final QwenVlSettings settings;

  ImageEncoding(VisionTower tower, QwenVlSettings settings) {
    this.tower = tower;
    this.settings = settings;
  }

  /**
   * Features for prompts laid end to end. Two prompts share an image if they hold the same object.
   *
   * @param scope owns everything made
   * @throws IllegalArgumentException if a prompt has not one image token per feature
   */
  ImageFeatures encode(List<EncodedPrompt> prompts, NDManager scope, boolean recording) {
    var firstFeature = new IdentityHashMap<float[], Integer>();
    var distinct = new ArrayList<ImagePatches>();
    var featureAt = new ArrayList<Integer>();
    int numFeatures = 0;
    for (EncodedPrompt prompt : prompts) {
      for (ImagePatches image : prompt.images()) {
        Integer first = firstFeature.putIfAbsent(image.values(), numFeatures);
        if (first == null) {
          first = numFeatures;
          distinct.add(image);
          numFeatures += tower.numFeatures(image);
        }
        IntStream.range(first, first + tower.numFeatures(image)).forEach(featureAt::add);
      }
    }
    NDArray features =
        distinct.isEmpty()
            ? scope.zeros(new Shape(0, settings.text().hiddenSize()))
            : tower.encode(distinct, scope, recording);
    boolean inOrder = featureAt.size() == numFeatures;
    return new ImageFeatures(
        imageTokens(prompts),
        inOrder ? new long[0] : featureAt.stream().mapToLong(Integer::longValue).toArray(),
        features);
  }

  private long[] imageTokens(List<EncodedPrompt> prompts) {
    var places = new ArrayList<Long>();
    long at = 0;
    for (EncodedPrompt prompt : prompts) {
      int before = places.size();
      for (int token : prompt.tokenIds()) {
        if (token == settings.imageTokenId()) {
          places.add(at);
        }
        at++;
      }
      int found = places.size() - before;
      int expected = prompt.images().stream().mapToInt(tower::numFeatures).sum();
      if (found != expected) {
        throw new IllegalArgumentException(
            "a prompt with %d images of %d features needs as many image tokens, got %d"
                .formatted(prompt.images().size(), expected, found));
      }
    }
    return places.stream().mapToLong(Long::longValue).toArray();
  }
}
