package dev.sampo.vlm.family;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.decoder.ImageFeatures;
import dev.sampo.vlm.decoder.PromptImages;
import dev.sampo.vlm.ops.ArrayOps;
import dev.sampo.vlm.ops.NetworkWeights;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.stream.IntStream;

/** Encodes the images of prompts, each distinct image once, and says which token takes what. */
final class ImageEncoding implements PromptImages {
  private final VisionEncoder encoder;
  private final NetworkWeights weights;
  private final int imageToken;

  /** What prompts without images have // [0, E] */
  private final NDArray noFeatures;

  /**
   * Encodes with the given weights.
   *
   * @param manager owns what is kept
   */
  ImageEncoding(
      VisionEncoder encoder, NetworkWeights weights, Architecture architecture, NDManager manager) {
    this.encoder = encoder;
    this.weights = weights;
    this.imageToken = architecture.imageTokenId();
    this.noFeatures =
        ArrayOps.zeros(
            manager,
            new long[] {0, architecture.decoder().hiddenSize()},
            weights.arrays().getFirst());
  }

  /**
   * Two prompts share an image if they hold the same object.
   *
   * @throws IllegalArgumentException if a prompt has not one image token per feature
   */
  @Override
  public ImageFeatures encode(List<EncodedPrompt> prompts, NDManager scope, boolean recording) {
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
          numFeatures += encoder.numFeatures(image);
        }
        IntStream.range(first, first + encoder.numFeatures(image)).forEach(featureAt::add);
      }
    }
    NDArray features = distinct.isEmpty() ? noFeatures : features(distinct, scope, recording);
    boolean inOrder = featureAt.size() == numFeatures;
    return new ImageFeatures(
        imageTokens(prompts),
        inOrder ? new long[0] : featureAt.stream().mapToLong(Integer::longValue).toArray(),
        features);
  }

  private NDArray features(List<ImagePatches> images, NDManager scope, boolean recording) {
    boolean trained = recording && weights.areRecorded();
    NDArray features = encoder.encode(images, scope, trained);
    // A frozen encoder runs in inference mode; only a copy of its result can enter a recorded loss.
    return recording && !trained ? features.duplicate() : features;
  }

  private long[] imageTokens(List<EncodedPrompt> prompts) {
    var places = new ArrayList<Long>();
    long at = 0;
    for (EncodedPrompt prompt : prompts) {
      int before = places.size();
      for (int token : prompt.tokenIds()) {
        if (token == imageToken) {
          places.add(at);
        }
        at++;
      }
      int found = places.size() - before;
      int expected = prompt.images().stream().mapToInt(encoder::numFeatures).sum();
      if (found != expected) {
        throw new IllegalArgumentException(
            "a prompt with %d images of %d features needs as many image tokens, got %d"
                .formatted(prompt.images().size(), expected, found));
      }
    }
    return places.stream().mapToLong(Long::longValue).toArray();
  }
}
