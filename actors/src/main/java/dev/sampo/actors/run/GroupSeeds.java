package dev.sampo.actors.run;

import dev.sampo.protocol.GroupId;

/** The sampling seed of a group: a function of the run's seed and the group id, nothing else. */
public final class GroupSeeds {
  private GroupSeeds() {}

  /** SplitMix64's output function (Steele, Lea, Flood 2014) over both numbers. */
  public static long of(long runSeed, GroupId group) {
    return mix(mix(runSeed + 0x9E3779B97F4A7C15L) + (group.value() + 1) * 0x9E3779B97F4A7C15L);
  }

  private static long mix(long state) {
    long z = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
