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
  private record WorkerDemand(
      ActorRef<RolloutWorker.Command> worker, String name, int leases, PolicyVersion weights) {
    WorkerDemand(ActorRef<RolloutWorker.Command> worker, int leases, PolicyVersion weights) {
      this(worker, nameOf(worker), leases, weights);
    }
  }

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
    WorkerDemand present = new WorkerDemand(demand.worker(), demand.leases(), demand.weights());
    return workers.put(demand.worker(), present) == null;
  }

  /** A worker wants nothing until it asks again. */
  void wantsNothing(ActorRef<RolloutWorker.Command> worker) {
    workers.computeIfPresent(worker, (ref, demand) -> new WorkerDemand(ref, 0, demand.weights()));
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
    List<WorkerDemand> takers = takers(dispatch);
    List<String> diligent = List.of();
    boolean any = false;
    for (WorkerDemand taker : takers) {
      if (dispatch.numHeldBy(taker.name()) < taker.leases()) {
        if (diligent.isEmpty()) {
          diligent = diligent(takers, dispatch);
        }
        Optional<RolloutLease> lease = dispatch.grant(taker.name(), diligent, now);
        lease.map(granted).ifPresent(taker.worker()::tell);
        any |= lease.isPresent();
      }
    }
    return any;
  }

  /** Workers that take leases, now or when they have room. */
  private List<WorkerDemand> takers(GroupDispatch dispatch) {
    List<WorkerDemand> takers = new ArrayList<>();
    for (WorkerDemand demand : workers.values()) {
      if (demand.leases() > 0 && dispatch.isPartOfRun(demand.weights())) {
        takers.add(demand);
      }
    }
    return takers;
  }

  /** Those that make progress. */
  private static List<String> diligent(List<WorkerDemand> takers, GroupDispatch dispatch) {
    return takers.stream()
        .map(WorkerDemand::name)
        .filter(name -> !dispatch.isSilent(name))
        .toList();
  }

  /** How the run stands. */
  RunStatus status(GroupDispatch dispatch, long steps) {
    List<RunStatus.Worker> list = new ArrayList<>();
    workers.forEach((worker, demand) ->
        list.add(
            new RunStatus.Worker(
                demand.name(),
                demand.leases(),
                dispatch.numHeldBy(demand.name()),
                demand.weights().step())));
    return new RunStatus(dispatch.step(), steps, dispatch.counts(), list);
  }
}
