package dev.sampo.actors.pipeline;

import dev.sampo.actors.run.GroupLedger;
import dev.sampo.actors.run.GroupState;
import dev.sampo.protocol.GroupId;
import java.util.List;
import java.util.Map;

/**
 * What the coordinator knows of a run at one moment.
 *
 * @param step optimizer steps taken
 * @param steps optimizer steps of the run
 * @param groups groups by state
 * @param workers the rollout workers that asked for work
 */
public record RunStatus(long step, long steps, GroupLedger.Counts groups, List<Worker> workers) {
  public RunStatus {
    workers = List.copyOf(workers);
  }

  /**
   * One rollout worker.
   *
   * @param name its actor reference as text
   * @param capacity leases it can hold
   * @param leases leases it holds
   * @param step optimizer step of its weights
   */
  public record Worker(String name, int capacity, int leases, long step) {}

  /** Every group with its state: the ledger as it stands. */
  public record Ledger(Map<GroupId, GroupState> states) {
    public Ledger {
      states = Map.copyOf(states);
    }
  }
}
