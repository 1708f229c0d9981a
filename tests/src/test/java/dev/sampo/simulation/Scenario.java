package dev.sampo.simulation;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.RewardOutcome;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * What is simulated.
 *
 * @param workers rollout nodes at the start
 * @param slots groups that a rollout node generates at a time
 * @param rewarders reward nodes at the start
 * @param bufferCapacity most groups in the experience buffer
 * @param microBatch longest time that the trainer takes for a micro-batch
 * @param patience after which a lease expires; shorter than what a node may be silent for
 * @param badRows how often a row cannot be asked
 * @param skips how often the trainer cannot learn from a batch
 * @param slowRewards how often a reward takes longer than anyone's patience
 * @param faults how many faults there are
 * @param faultsEnd when the last one is over
 * @param maxExtra most groups that are replaced for one step
 * @param useless how often there is nothing to learn from a group
 */
record Scenario(
    long seed,
    int maxStaleness,
    int groupsPerStep,
    int steps,
    int workers,
    int slots,
    int rewarders,
    int bufferCapacity,
    Duration microBatch,
    Duration patience,
    double badRows,
    double skips,
    double slowRewards,
    int faults,
    Duration faultsEnd,
    int maxExtra,
    double useless) {

  /** The scenario of a seed; every fourth is without faults. */
  static Scenario of(long seed) {
    SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + 1);
    int maxStaleness = random.nextInt(4);
    int groupsPerStep = 1 + random.nextInt(4);
    boolean calm = random.nextInt(4) == 0;
    return new Scenario(
        seed,
        maxStaleness,
        groupsPerStep,
        2 + random.nextInt(5),
        1 + random.nextInt(3),
        1 + random.nextInt(3),
        1 + random.nextInt(2),
        groupsPerStep * (1 + random.nextInt(maxStaleness + 1)),
        Duration.ofMillis(List.of(20, 500, 20_000).get(random.nextInt(3))),
        Duration.ofSeconds(calm || random.nextBoolean() ? 10 : 5),
        calm ? 0 : 0.05 * random.nextInt(3),
        calm ? 0 : 0.1 * random.nextInt(3),
        calm ? 0 : 0.05 * random.nextInt(3),
        calm ? 0 : 1 + random.nextInt(8),
        Duration.ofSeconds(calm ? 0 : 5 + random.nextInt(60)),
        random.nextBoolean() ? 0 : 1 + random.nextInt(2 * groupsPerStep),
        0.4);
  }

  /** Whether there is nothing to learn from a group, whoever samples it. */
  boolean isUseless(GroupId group) {
    return new SplittableRandom(seed * 37 + group.value()).nextDouble() < useless;
  }

  /** How rewards fail on a row, whenever they are asked; empty for most. */
  Optional<RewardOutcome> failureOf(GroupId group) {
    SplittableRandom ofRow = new SplittableRandom(seed * 41 + group.value());
    return isCalm() || ofRow.nextInt(40) > 0
        ? Optional.empty()
        : Optional.of(new RewardOutcome.Failed("no score for this row", ofRow.nextBoolean()));
  }

  boolean isCalm() {
    return faults == 0;
  }
}
