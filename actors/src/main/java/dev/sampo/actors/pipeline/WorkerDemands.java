package dev.sampo.actors.pipeline;

import dev.sampo.actors.run.GroupDispatch;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RolloutLease;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;

/** The rollout workers that are there, and what each can hold. */
final class WorkerDemands {
  private record WorkerDemand(int leases, PolicyVersion weights) {}

  private final Map<ActorRef<RolloutWorker.Command>, WorkerDemand> workers = new LinkedHashMap<>();

  /** How a lease table calls a worker. */
  static String nameOf(ActorRef<?> worker) {
    return worker.path().toSerializationFormat();
  }

  /**
   * Replaces what a worker asked for before.
   *
   * @return whether it is a new one
   */
  boolean put(RunCoordinator.Demand demand) {
    return workers.put(demand.worker(), new WorkerDemand(demand.leases(), demand.weights()))
        == null;
  }

  /** A worker wants nothing until it asks again. */
  void wantsNothing(ActorRef<RolloutWorker.Command> worker) {
    workers.computeIfPresent(worker, (ref, demand) -> new WorkerDemand(0, demand.weights()));
  }

  void remove(ActorRef<RolloutWorker.Command> worker) {
    workers.remove(worker);
  }

  /** Tells the worker of that name, if it is there. */
  void cancel(String worker, LeaseId lease, String reason) {
    workers.keySet().stream()
        .filter(ref -> nameOf(ref).equals(worker))
        .forEach(ref -> ref.tell(new RolloutWorker.Cancel(lease, reason)));
  }

  /**
   * One lease to each worker with room in turn, so that a late joiner gets its share. Not to one
   * with weights of steps that were abandoned: nobody could learn from what they sample.
   *
   * @param granted makes the message
   * @return whether there may be more to grant
   */
  boolean grantRound(
      GroupDispatch dispatch, Instant now, Function<RolloutLease, RolloutWorker.Grant> granted) {
    boolean any = false;
    for (Map.Entry<ActorRef<RolloutWorker.Command>, WorkerDemand> worker : workers.entrySet()) {
      String name = nameOf(worker.getKey());
      if (dispatch.isPartOfRun(worker.getValue().weights())
          && dispatch.numHeldBy(name) < worker.getValue().leases()) {
        Optional<RolloutLease> lease = dispatch.grant(name, now);
        if (lease.isEmpty()) {
          return false;
        }
        worker.getKey().tell(granted.apply(lease.get()));
        any = true;
      }
    }
    return any;
  }

  /** How the run stands. */
  RunStatus status(GroupDispatch dispatch, long steps) {
    List<RunStatus.Worker> list = new ArrayList<>();
    workers.forEach((worker, demand) ->
        list.add(
            new RunStatus.Worker(
                nameOf(worker),
                demand.leases(),
                dispatch.numHeldBy(nameOf(worker)),
                demand.weights().step())));
    return new RunStatus(dispatch.step(), steps, dispatch.counts(), list);
  }
}
