package dev.sampo.vlm.family;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.decoder.ImageFeatures;
import dev.sampo.vlm.decoder.PromptImages;
import dev.sampo.vlm.ops.ArrayOps;
import dev.sampo.vlm.ops.Gradients;
import dev.sampo.vlm.ops.LayerChain;
import dev.sampo.vlm.ops.LayerSeeds;
import dev.sampo.vlm.ops.NetworkWeights;
import dev.sampo.vlm.weights.Parameter.Part;
import dev.sampo.vlm.weights.ParameterTable;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Encodes the images of prompts, each distinct image once, and says which token takes what. What
 * unchanging weights make of an image is kept for the next time.
 */
final class ImageEncoding implements PromptImages {
  private final VisionEncoder encoder;
  private final NetworkWeights weights;
  private final ParameterTable table;
  private final Set<Part> fixed;
  private final FeatureCache cache;
  private final int imageToken;

  /** What prompts without images have // [0, E] */
  private final NDArray noFeatures;

  /**
   * Encodes with the given weights.
   *
   * @param fixed parts of the model whose weights nobody changes
   * @param cache keeps what these make of images
   */
  ImageEncoding(
      NetworkWeights weights,
      Architecture architecture,
      Set<Part> fixed,
      FeatureCache cache,
      NDManager manager) {
    this.encoder = architecture.vision().apply(weights);
    this.weights = weights;
    this.table = architecture.visionTable();
    this.fixed = fixed;
    this.cache = cache;
    this.imageToken = architecture.imageTokenId();
    this.noFeatures =
        ArrayOps.zeros(
            manager,
            new long[] {0, architecture.decoder().hiddenSize()},
            weights.arrays().getFirst());
  }

  /** What the prompts hold: distinct images, and where their features go. */
  private final class Images {
    private final List<ImagePatches> distinct = new ArrayList<>();
    private final long[] tokenAt;
    private final long[] featureAt;

    /** Two prompts share an image if they hold the same object. */
    Images(List<EncodedPrompt> prompts) {
      tokenAt = imageTokens(prompts);
      var firstFeature = new IdentityHashMap<float[], Integer>();
      var places = new ArrayList<Integer>();
      int numFeatures = 0;
      for (EncodedPrompt prompt : prompts) {
        for (ImagePatches image : prompt.images()) {
          Integer first = firstFeature.putIfAbsent(image.values(), numFeatures);
          if (first == null) {
            first = numFeatures;
            distinct.add(image);
            numFeatures += encoder.numFeatures(image);
          }
          IntStream.range(first, first + encoder.numFeatures(image)).forEach(places::add);
        }
      }
      boolean inOrder = places.size() == numFeatures;
      featureAt = inOrder ? new long[0] : places.stream().mapToLong(Integer::longValue).toArray();
    }

    ImageFeatures with(NDArray features) {
      return new ImageFeatures(tokenAt, featureAt, features);
    }
  }

  @Override
  public ImageFeatures encode(List<EncodedPrompt> prompts, NDManager scope) {
    var images = new Images(prompts);
    return images.with(images.distinct.isEmpty() ? noFeatures : features(images.distinct, scope));
  }

  @Override
  public Recorded record(List<EncodedPrompt> prompts, NDManager scope, boolean recompute) {
    var images = new Images(prompts);
    if (images.distinct.isEmpty()) {
      return new Recorded(images.with(noFeatures), Optional.empty());
    }
    if (isTrained(Part.VISION_TOWER)) {
      return throughTower(images, scope, recompute);
    }
    if (isTrained(Part.PROJECTOR)) {
      NDArray tower = fixed(towers(images.distinct, scope));
      NDArray features = encoder.project(tower, scope, true);
      return new Recorded(
          images.with(features), Optional.of(gradient -> Gradients.backward(features, gradient)));
    }
    return new Recorded(images.with(fixed(features(images.distinct, scope))), Optional.empty());
  }

  /** A copy: what inference mode makes cannot enter what is recorded. */
  private static NDArray fixed(NDArray array) {
    return array.duplicate();
  }

  private Recorded throughTower(Images images, NDManager scope, boolean recompute) {
    VisionEncoder.TowerSteps tower = encoder.steps(images.distinct, scope);
    int numLayers = tower.numLayers();
    LayerSeeds seeds = LayerSeeds.draw(numLayers + 1, weights, scope);
    var chain = new LayerChain(numLayers, 0, tower::layer, recompute, seeds);
    NDArray last = tower.end(chain.forward(tower.start()));
    seeds.use(numLayers);
    NDArray features = encoder.project(last, scope, true);
    seeds.leave();
    return new Recorded(
        images.with(features),
        Optional.of(gradient -> {
          chain.backward(features, gradient);
          seeds.leave();
        }));
  }

  /** // [features, E] */
  private NDArray features(List<ImagePatches> images, NDManager scope) {
    if (isKept(Part.VISION_TOWER) && isKept(Part.PROJECTOR)) {
      return kept(
          images, image -> encoder.project(tower(List.of(image), scope), scope, false), scope);
    }
    return encoder.project(towers(images, scope), scope, false);
  }

  /** // [features, W] */
  private NDArray towers(List<ImagePatches> images, NDManager scope) {
    return isKept(Part.VISION_TOWER)
        ? kept(images, image -> tower(List.of(image), scope), scope)
        : tower(images, scope);
  }

  /** Gives the patches back at once: they take more memory than what becomes of them. */
  private NDArray tower(List<ImagePatches> images, NDManager scope) {
    try (NDManager inner = scope.newSubManager()) {
      NDArray made = encoder.tower(images, inner);
      made.attach(scope);
      return made;
    }
  }

  private interface Encoding {
    NDArray of(ImagePatches image);
  }

  /** What an encoding makes of images one by one, from the cache where it has them. */
  private NDArray kept(List<ImagePatches> images, Encoding encoding, NDManager scope) {
    var parts = new ArrayList<NDArray>();
    for (ImagePatches image : images) {
      var key = FeatureCache.Key.of(this, image);
      parts.add(
          cache
              .find(key)
              .orElseGet(() -> {
                NDArray made = encoding.of(image);
                cache.put(key, made);
                return made;
              }));
    }
    // A copy of a single one too: what is made of it belongs to the scope, not to the cache.
    NDArray all = ArrayOps.concatenate(scope, parts);
    cache.trim();
    return all;
  }

  /** Whether what a part makes is kept: it is said not to change, and it is not trained either. */
  private boolean isKept(Part part) {
    return fixed.contains(part) && !isTrained(part);
  }

  private boolean isTrained(Part part) {
    return IntStream.range(0, table.slots().size())
        .filter(slot -> table.slots().get(slot).filter(p -> p.part() == part).isPresent())
        .anyMatch(slot -> weights.requireGradients(slot, slot + 1));
  }

  /**
   * Places of image tokens among the tokens of all prompts.
   *
   * @throws IllegalArgumentException if a prompt has not one image token per feature
   */
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
