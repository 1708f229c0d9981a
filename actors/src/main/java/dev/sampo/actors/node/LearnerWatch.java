package dev.sampo.actors.node;

import java.util.concurrent.CompletableFuture;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.ClusterEvent;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Subscribe;

/**
 * Tells a future when the learner's node has left the cluster or was removed from it. A process
 * that takes its place forms a cluster of its own, and a member of this one cannot be of both.
 */
final class LearnerWatch {
  private LearnerWatch() {}

  static Behavior<ClusterEvent.MemberRemoved> create(String role, CompletableFuture<?> told) {
    return Behaviors.setup(context -> {
      Cluster.get(context.getSystem())
          .subscriptions()
          .tell(Subscribe.create(context.getSelf(), ClusterEvent.MemberRemoved.class));
      return Behaviors.receiveMessage(removed -> {
        if (removed.member().hasRole(role)) {
          Address learner = removed.member().address();
          told.completeExceptionally(
              new LearnerGoneException(
                  "the learner at %s:%d is gone"
                      .formatted(
                          learner.getHost().orElseThrow(), learner.getPort().orElseThrow())));
        }
        return Behaviors.same();
      });
    });
  }
}
