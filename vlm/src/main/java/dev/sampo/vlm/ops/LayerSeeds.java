package dev.sampo.vlm.ops;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import java.util.SplittableRandom;
import java.util.stream.LongStream;

/**
 * A seed for each part of a pass, so that what a part draws does not depend on when it is computed.
 */
public final class LayerSeeds {
  private final long[] seeds;

  private LayerSeeds(long[] seeds) {
    this.seeds = seeds;
  }

  /**
   * Draws seeds for the parts of a pass, if they draw anything, from the generator that {@link
   * Gradients#seed} seeds, and one more for what comes after.
   */
  public static LayerSeeds draw(int numParts, NetworkWeights weights, NDManager scope) {
    if (!weights.dropOut()) {
      return new LayerSeeds(new long[0]);
    }
    try (NDArray drawn = Script.call("draw_seed", scope, weights.arrays().getFirst()).head()) {
      var random = new SplittableRandom(drawn.getLong());
      return new LayerSeeds(LongStream.generate(random::nextLong).limit(numParts + 1L).toArray());
    }
  }

  /** Seeds the generator for a part. */
  public void use(int part) {
    use(part, 0);
  }

  /** Seeds the generator for a piece of a part. */
  public void use(int part, int piece) {
    if (seeds.length > 0) {
      JniUtils.setSeed(seeds[part] + piece);
    }
  }

  /** Seeds the generator for what comes after the pass. */
  public void leave() {
    use(seeds.length - 1);
  }
}
