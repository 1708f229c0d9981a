package dev.sampo.actors.node;

import dev.sampo.protocol.PolicyVersion;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;

/**
 * Tells every other node that the run is finished, those included that are heard of only then. They
 * could not know it from a learner's node that leaves: one that was told to stop leaves as well.
 */
final class RunEndNotice extends AbstractMatchingBehavior<RunEndNotice.Command> {

  sealed interface Command {}

  /** The run has taken all its steps. */
  record Finished(PolicyVersion version) implements Command {}

  private record Others(Set<ActorRef<LearnerWatch.Command>> watches) implements Command {}

  private final Set<ActorRef<LearnerWatch.Command>> told = new HashSet<>();
  private Set<ActorRef<LearnerWatch.Command>> others = Set.of();
  private Optional<PolicyVersion> last = Optional.empty();

  private RunEndNotice(ActorContext<Command> context) {
    super(context);
    ActorRef<Receptionist.Listing> listings =
        context.messageAdapter(
            Receptionist.Listing.class,
            listing -> new Others(listing.getServiceInstances(LearnerWatch.KEY)));
    context.getSystem().receptionist().tell(Receptionist.subscribe(LearnerWatch.KEY, listings));
  }

  static Behavior<Command> create() {
    return Behaviors.setup(RunEndNotice::new);
  }

  @Override
  public Behavior<Command> onMessage(Command message) {
    switch (message) {
      case Finished(PolicyVersion version) -> last = Optional.of(version);
      case Others(Set<ActorRef<LearnerWatch.Command>> watches) -> others = watches;
    }
    last.ifPresent(this::tellWhoDoesNotKnow);
    return this;
  }

  private void tellWhoDoesNotKnow(PolicyVersion version) {
    for (ActorRef<LearnerWatch.Command> other : others) {
      if (told.add(other)) {
        other.tell(new LearnerWatch.RunFinished(version));
      }
    }
  }
}
