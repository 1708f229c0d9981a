package dev.sampo.actors.node;

import dev.sampo.actors.pipeline.BusyClock;
import java.util.Map;

/**
 * When the roles of this node are at work.
 *
 * @param learner forward and backward passes, optimizer, writing weights
 * @param rollout prefill and decode steps
 * @param reward groups being scored
 */
record NodeClocks(BusyClock learner, BusyClock rollout, BusyClock reward) {
  NodeClocks() {
    this(
        new BusyClock(System::nanoTime),
        new BusyClock(System::nanoTime),
        new BusyClock(System::nanoTime));
  }

  Map<String, BusyClock> others() {
    return Map.of("rollout", rollout, "reward", reward);
  }

  Map<String, BusyClock> all() {
    return Map.of("learner", learner, "rollout", rollout, "reward", reward);
  }
}
