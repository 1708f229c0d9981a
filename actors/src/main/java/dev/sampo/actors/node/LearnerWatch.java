package dev.sampo.actors.node;

import dev.sampo.actors.CrossesNodes;
import dev.sampo.protocol.PolicyVersion;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;
import org.apache.pekko.cluster.ClusterEvent;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Subscribe;

/**
 * Tells a node without the learner when there is nothing left to serve. Either the learner says
 * that the run is finished; or its node has left the cluster or was removed from it before: a
 * process that takes its place forms a cluster of its own, and a member of this one cannot be of
 * both.
 */
public final class LearnerWatch extends AbstractMatchingBehavior<LearnerWatch.Command> {
  /** Where the learner's node finds the others. */
  static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "learner-watch");

  /** What the watch understands. */
  public sealed interface Command {}

  /** The run has taken all its steps. */
  public record RunFinished(PolicyVersion version) implements Command, CrossesNodes {}

  private record Removed(Member member) implements Command {}

  private final String role;
  private final CompletableFuture<PolicyVersion> told;

  private LearnerWatch(
      ActorContext<Command> context,
      String role,
      boolean isGuest,
      CompletableFuture<PolicyVersion> told) {
    super(context);
    this.role = role;
    this.told = told;
    context.getSystem().receptionist().tell(Receptionist.register(KEY, context.getSelf()));
    if (isGuest) {
      watchMembers();
    }
  }

  private void watchMembers() {
    ActorRef<ClusterEvent.MemberRemoved> removals =
        getContext()
            .messageAdapter(
                ClusterEvent.MemberRemoved.class, removed -> new Removed(removed.member()));
    Cluster.get(getContext().getSystem())
        .subscriptions()
        .tell(Subscribe.create(removals, ClusterEvent.MemberRemoved.class));
  }

  /**
   * A watch.
   *
   * @param role of the learner's node
   * @param isGuest whether this node has joined a cluster, and can join the one of the next learner
   * @param told completed with the version that the run came to, or with a {@link
   *     LearnerGoneException}
   */
  static Behavior<Command> create(
      String role, boolean isGuest, CompletableFuture<PolicyVersion> told) {
    return Behaviors.setup(context -> new LearnerWatch(context, role, isGuest, told));
  }

  @Override
  public Behavior<Command> onMessage(Command message) {
    switch (message) {
      case RunFinished(PolicyVersion version) -> told.complete(version);
      case Removed(Member member) -> {
        if (member.hasRole(role)) {
          Address learner = member.address();
          told.completeExceptionally(
              new LearnerGoneException(
                  "the learner at %s:%d is gone"
                      .formatted(
                          learner.getHost().orElseThrow(), learner.getPort().orElseThrow())));
        }
      }
    }
    return this;
  }
}
