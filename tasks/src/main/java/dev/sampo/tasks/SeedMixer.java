package dev.sampo.tasks;

import java.util.Random;

/**
 * Turns a seed and some coordinates, such as an epoch or an image number, into independent streams
 * of random numbers. What a seed produces never changes: the mixing is written out here and {@link
 * Random} is specified bit by bit in its documentation.
 */
public final class SeedMixer {
  private SeedMixer() {}

  /** A generator whose stream depends on the seed and on every coordinate. */
  public static Random random(long seed, long... coordinates) {
    return new Random(mix(seed, coordinates));
  }

  /**
   * The seed of such a generator. Each part goes through the finalizer of SplitMix64 (Steele, Lea
   * and Flood, "Fast splittable pseudorandom number generators", 2014), so that neighbouring seeds
   * share nothing.
   */
  public static long mix(long seed, long... coordinates) {
    long mixed = finalizer(seed);
    for (long coordinate : coordinates) {
      mixed = finalizer(mixed ^ finalizer(coordinate));
    }
    return mixed;
  }

  private static long finalizer(long value) {
    long z = value + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
