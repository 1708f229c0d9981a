package dev.sampo.rollout;

/**
 * Uniform numbers by place instead of by order: the number for (seed, completion, position) depends
 * on nothing else, so it does not matter what is sampled before or beside it.
 *
 * <p>Each coordinate is added to the state and mixed in with the finalizer of SplittableRandom
 * (Steele, Lea and Flood 2014; Stafford's variant 13).
 */
final class Uniforms {
  /** The odd integer nearest to 2^64 divided by the golden ratio. */
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private Uniforms() {}

  /** A number in [0, 1), a multiple of 2^-53. */
  static double at(long seed, int completion, int position) {
    long state = mix(seed + GOLDEN);
    state = mix(state + (completion + 1L) * GOLDEN);
    state = mix(state + (position + 1L) * GOLDEN);
    return (state >>> 11) * 0x1.0p-53;
  }

  /** A seed for the {@code index}-th of many streams. */
  static long seed(long seed, long index) {
    return mix(mix(seed + GOLDEN) + (index + 1) * GOLDEN);
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
