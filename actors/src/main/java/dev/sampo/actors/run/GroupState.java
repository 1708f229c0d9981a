package dev.sampo.actors.run;

import dev.sampo.protocol.LeaseId;

/**
 * Where a group is. Every visit of a prompt is in exactly one state at any time.
 *
 * <pre>
 *            +------ lost, cancelled ------+
 *            v                             |
 *   ---> Waiting ---- granted ---------> Leased
 *            ^                             |
 *            +--- too old --- Accepted <---+ accepted
 *                                |
 *                                +--> Trained | Filtered | SetAside
 * </pre>
 *
 * A waiting or leased group can also be set aside.
 */
public sealed interface GroupState {

  /** Not being generated. */
  record Waiting() implements GroupState {}

  /** A worker generates it. */
  record Leased(LeaseId lease) implements GroupState {}

  /**
   * A scored result is in the experience buffer.
   *
   * @param lease the attempt that won
   * @param oldestStep optimizer step of the policy that sampled its oldest token
   */
  record Accepted(LeaseId lease, long oldestStep) implements GroupState {}

  /** A state that is never left. */
  sealed interface End extends GroupState {}

  /**
   * The optimizer learned from it.
   *
   * @param step the optimizer step that resulted, from 1
   */
  record Trained(long step) implements End {}

  /** It carries nothing to learn from, for example because all its rewards are equal. */
  record Filtered(String reason) implements End {}

  /** It cannot be generated or scored. */
  record SetAside(String reason) implements End {}
}
