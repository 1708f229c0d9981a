package dev.sampo.simulation;

import dev.sampo.actors.pipeline.LearnerNodeMessages;
import dev.sampo.actors.pipeline.RunCoordinator;
import dev.sampo.actors.run.GroupDispatch;
import dev.sampo.actors.run.LeaseEvent;
import dev.sampo.actors.run.LeaseTable;
import dev.sampo.protocol.LeaseId;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.BehaviorInterceptor;
import org.apache.pekko.actor.typed.TypedActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.jspecify.annotations.Nullable;

/**
 * Looks at every message that a coordinator gets, when it gets it, and at the leases that it gives
 * out for it. Where a fence is broken on purpose, the coordinator hears that all is well.
 */
final class CoordinatorWatch {
  private final Breakage breakage;
  private final Checker checker;
  private final Set<LeaseId> granted = new HashSet<>(); // for the present message
  private @Nullable GroupDispatch dispatch;

  CoordinatorWatch(Breakage breakage, Checker checker) {
    this.breakage = breakage;
    this.checker = checker;
  }

  /** What the coordinator decides with. */
  GroupDispatch over(GroupDispatch decides) {
    dispatch = decides;
    return decides;
  }

  /** Told what becomes of leases. */
  void lease(LeaseEvent event) {
    checker.lease(event);
    if (event instanceof LeaseEvent.Granted(LeaseId lease) && lease.term() == checker.term()) {
      granted.add(lease);
    }
  }

  /** The coordinator, as it is looked at. */
  Behavior<RunCoordinator.Command> around(Behavior<RunCoordinator.Command> coordinator) {
    return Behaviors.intercept(Looking::new, coordinator);
  }

  private final class Looking
      extends BehaviorInterceptor<RunCoordinator.Command, RunCoordinator.Command> {
    Looking() {
      super(RunCoordinator.Command.class);
    }

    @Override
    public Behavior<RunCoordinator.Command> aroundReceive(
        TypedActorContext<RunCoordinator.Command> context,
        RunCoordinator.Command message,
        ReceiveTarget<RunCoordinator.Command> target) {
      if (message instanceof RunCoordinator.Demand demand) {
        checker.demanded(nameOf(demand), demand.weights());
      }
      LearnerNodeMessages.ifOffered(message, checker::offered);
      if (LearnerNodeMessages.wantsStep(message)) {
        checker.stepWanted();
      }
      Behavior<RunCoordinator.Command> next = target.apply(context, heard(message));
      if (!granted.isEmpty()) {
        for (LeaseTable.Entry entry : Objects.requireNonNull(dispatch).allRunning()) {
          if (granted.contains(entry.id())) {
            checker.granted(entry.worker());
          }
        }
        granted.clear();
      }
      return next;
    }
  }

  private static String nameOf(RunCoordinator.Demand demand) {
    return demand.worker().path().toSerializationFormat();
  }

  private RunCoordinator.Command heard(RunCoordinator.Command message) {
    return breakage == Breakage.TRUST_RESULTS
        ? LearnerNodeMessages.withVersions(message, checker::counting)
        : message;
  }
}
