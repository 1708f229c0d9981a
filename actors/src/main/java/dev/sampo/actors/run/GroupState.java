package dev.sampo.actors.run;

import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.ledger.LogPlace;
import java.util.Optional;

/**
 * Where a group is. Every visit of a prompt is in exactly one state at any time.
 *
 * <pre>
 *            +------ lost, cancelled ------+
 *            v                             |
 *   ---> Waiting ---- granted ---------> Leased
 *            ^ ^                           | first result
 *            | +------- not recorded --- Won
 *            |                             | recorded
 *            +--- too old --- Accepted <---+
 *                                |
 *                                +--> Trained | Filtered | SetAside
 * </pre>
 *
 * Leased and Won are soft: after a restart such a group waits. A late result of an expired lease
 * takes a waiting group to Won. What has not ended can also be set aside. When a learner abandons
 * steps, what they were trained on waits again.
 */
public sealed interface GroupState {

  /** Not being generated. */
  record Waiting() implements GroupState {}

  /** A worker generates it. */
  record Leased(LeaseId lease) implements GroupState {}

  /**
   * A scored result is being recorded; no other attempt has a chance.
   *
   * @param lease the attempt that won
   * @param oldestStep optimizer step of the policy that sampled its oldest token
   * @param newestStep that of its newest token
   */
  record Won(LeaseId lease, long oldestStep, long newestStep) implements GroupState {}

  /**
   * A scored result is recorded and waits for the learner.
   *
   * @param lease the attempt that won
   * @param oldestStep optimizer step of the policy that sampled its oldest token
   * @param newestStep that of its newest token
   * @param place where it is recorded; empty when the run records nothing
   */
  record Accepted(LeaseId lease, long oldestStep, long newestStep, Optional<LogPlace> place)
      implements GroupState {}

  /** A state that is left only when the step that led to it is abandoned. */
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

  /** It ended for good before the snapshot that the ledger was read from; how is counted only. */
  record Settled() implements End {}
}
