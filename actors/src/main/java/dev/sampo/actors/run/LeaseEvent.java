package dev.sampo.actors.run;

import dev.sampo.protocol.LeaseId;

/** Something that happens to a lease. It is not kept: what is lost with it is generated again. */
public sealed interface LeaseEvent {
  LeaseId lease();

  /** A worker may generate the group. */
  record Granted(LeaseId lease) implements LeaseEvent {}

  /**
   * The lease is over without a recorded result; the group waits.
   *
   * @param tokens sampled tokens that were reported and count for nothing now
   */
  record Lost(LeaseId lease, long tokens, String reason) implements LeaseEvent {}
}
