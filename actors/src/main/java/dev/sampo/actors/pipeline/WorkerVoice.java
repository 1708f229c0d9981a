package dev.sampo.actors.pipeline;

import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RolloutLease;
import java.util.List;
import java.util.Map;
import org.apache.pekko.actor.typed.ActorRef;

/** What a rollout worker tells the coordinator. */
final class WorkerVoice {
  private final ActorRef<RunCoordinator.Command> coordinator;
  private final ActorRef<RolloutWorker.Command> worker;
  private int lastDemand = -1;

  WorkerVoice(
      ActorRef<RunCoordinator.Command> coordinator, ActorRef<RolloutWorker.Command> worker) {
    this.coordinator = coordinator;
    this.worker = worker;
  }

  /** Says how many leases the worker can hold, unless that is what it said last. */
  void demand(int leases, PolicyVersion weights) {
    if (leases != lastDemand) {
      lastDemand = leases;
      coordinator.tell(new RunCoordinator.Demand(worker, leases, weights));
    }
  }

  /** The next demand is said though it is the same: what goes with it changed, or it was lost. */
  void repeatDemand() {
    lastDemand = -1;
  }

  /** Keeps the leases alive that the worker goes on with or holds. */
  void stillHere(Map<LeaseId, Generator.Progress> running, List<LeaseId> held) {
    running.forEach((lease, progress) ->
        coordinator.tell(
            new RunCoordinator.Progress(worker, lease, progress.tokens(), progress.oldestStep())));
    if (!held.isEmpty()) {
      coordinator.tell(new RunCoordinator.Holds(worker, held));
    }
  }

  /** Tells how long a finished group has become: it may be so since the last heartbeat. */
  void finished(CompletionGroup group) {
    long tokens =
        group.completions().stream().mapToLong(completion -> completion.tokens().length()).sum();
    coordinator.tell(
        new RunCoordinator.Progress(worker, group.lease(), tokens, group.oldestStep()));
  }

  void badPrompt(RolloutLease lease, String reason) {
    giveBack(
        lease.id(),
        RunCoordinator.GiveBack.Reason.BAD_PROMPT,
        lease.prompt().source() + ": " + reason);
  }

  void giveBack(LeaseId lease, RunCoordinator.GiveBack.Reason reason, String detail) {
    coordinator.tell(new RunCoordinator.GiveBack(worker, lease, reason, detail));
  }
}
