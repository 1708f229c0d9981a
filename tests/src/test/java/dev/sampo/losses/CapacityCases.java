package dev.sampo.losses;

import dev.sampo.actors.run.StalenessGate;
import java.util.Optional;

/**
 * How many groups may be started: the gate's quota, of which a worker asks for what it has room
 * for.
 */
final class CapacityCases {
  private static final long ENDLESS = 1L << 40;

  private CapacityCases() {}

  static void check(CaseLine line, Fields inputs, Fields expected, Comparison comparison) {
    Optional<String> bound =
        inputs.oneOf("max_staleness", "max_staleness_steps", "max_head_offpolicyness");
    Optional<String> size = inputs.oneOf("consumer_batch_size", "mini_batch_size", "batch_size");
    Optional<String> room = inputs.oneOf("max_concurrent", "max_concurrent_groups");
    if (bound.isEmpty() || size.isEmpty()) {
      throw new UnsupportedCaseException("missing option: capacity " + line);
    }
    StalenessGate gate =
        new StalenessGate(inputs.integer(bound.get()), inputs.integer(size.get()), ENDLESS);
    long step =
        inputs.has("version")
            ? inputs.integer("version")
            : inputs.integer("global_step_from_1") - 1;
    long running = inputs.integer("running");
    long capacity = gate.capacity(step, inputs.integer("accepted"), running);
    long free = room.isPresent() ? inputs.integer(room.get()) - running : Long.MAX_VALUE;
    if (expected.has("capacity")) {
      comparison.check("capacity", (double) Math.min(capacity, free), expected.number("capacity"));
    }
    if (expected.has("staleness_capacity")) {
      comparison.check(
          "staleness_capacity", (double) capacity, expected.number("staleness_capacity"));
    }
    if (expected.has("pending_limit")) {
      comparison.check(
          "pending_limit", (double) gate.capacity(0, 0, 0), expected.number("pending_limit"));
    }
  }
}
