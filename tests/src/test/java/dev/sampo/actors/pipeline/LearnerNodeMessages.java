package dev.sampo.actors.pipeline;

import dev.sampo.actors.run.GroupDispatch;
import dev.sampo.actors.run.SentBack;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.ledger.LogPlace;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/** What passes between the actors of the learner's node, for those that stand in between. */
public final class LearnerNodeMessages {
  private LearnerNodeMessages() {}

  /**
   * Does what a recorder does.
   *
   * @param groups puts a group somewhere
   */
  public static void record(Recorder.Command message, Function<ScoredGroup, LogPlace> groups) {
    switch (message) {
      case Recorder.KeepGroup keep ->
          keep.replyTo().tell(new Recorder.Done(Optional.of(groups.apply(keep.group()))));
      case Recorder.KeepStep keep -> keep.replyTo().tell(new Recorder.Done(Optional.empty()));
      default -> throw new IllegalArgumentException("not a message of others: " + message);
    }
  }

  /** Whether it takes accepted groups back. */
  public static boolean givesBack(RunCoordinator.Command message) {
    return message instanceof RunCoordinator.Returned
        || message instanceof RunCoordinator.StepSkipped;
  }

  /** Whether it says that another group shall take the place of one. */
  public static boolean isReplaced(RunCoordinator.Command message) {
    return message instanceof RunCoordinator.Filtered;
  }

  /** Tells a learner that its step is durable, whether it is or not. */
  public static boolean answersAtOnce(RunCoordinator.Command message) {
    if (message instanceof RunCoordinator.StepTaken(var step, var replyTo)) {
      replyTo.tell(new RunCoordinator.Committed(step.version()));
      return true;
    }
    return false;
  }

  /** Whether the learner says that it is ready for a step. */
  public static boolean wantsStep(RunCoordinator.Command message) {
    return message instanceof RunCoordinator.StepWanted;
  }

  /** Looks at a question about a result: its lease and the versions that sampled it. */
  public static void ifOffered(
      RunCoordinator.Command message, BiConsumer<LeaseId, Set<PolicyVersion>> look) {
    if (message instanceof RunCoordinator.Offered(var lease, var versions, var replyTo)) {
      look.accept(lease, versions);
    }
  }

  /** The same, with other versions where it is a question about a result. */
  public static RunCoordinator.Command withVersions(
      RunCoordinator.Command message, UnaryOperator<PolicyVersion> other) {
    return message instanceof RunCoordinator.Offered(var lease, var versions, var replyTo)
        ? new RunCoordinator.Offered(
            lease, versions.stream().map(other).collect(Collectors.toSet()), replyTo)
        : message;
  }

  /** The same, with an answer in the opposite order where it asks for a batch. */
  public static ExperienceBuffer.Command answeredInReverse(
      ExperienceBuffer.Command message, ActorContext<?> context) {
    return message instanceof ExperienceBuffer.Take(long step, var replyTo)
        ? new ExperienceBuffer.Take(step, context.spawnAnonymous(reversing(replyTo)))
        : message;
  }

  private static Behavior<Learner.Command> reversing(ActorRef<Learner.Command> learner) {
    return Behaviors.receiveMessage(message -> {
      learner.tell(
          message instanceof Learner.Batch(var groups, int numReplaced, SentBack sentBack)
              ? new Learner.Batch(groups.reversed(), numReplaced, sentBack)
              : message);
      return Behaviors.stopped();
    });
  }

  /** Whether it says that a version was published. */
  public static boolean isPublication(RunCoordinator.Command message) {
    return message instanceof RunCoordinator.Published;
  }

  /** The same question, whose answer is always to keep the group. */
  public static RunCoordinator.Command keptAnyway(
      RunCoordinator.Command message, ActorContext<?> context) {
    return switch (message) {
      case RunCoordinator.Offered(var lease, var versions, var replyTo) ->
          new RunCoordinator.Offered(lease, versions, generous(replyTo, context));
      case RunCoordinator.Recorded(var lease, var place, var replyTo) ->
          new RunCoordinator.Recorded(lease, place, generous(replyTo, context));
      default -> message;
    };
  }

  private static ActorRef<GroupDispatch.Verdict> generous(
      ActorRef<GroupDispatch.Verdict> asker, ActorContext<?> context) {
    return context.spawnAnonymous(
        Behaviors.receiveMessage(verdict -> {
          asker.tell(new GroupDispatch.Verdict.Keep());
          return Behaviors.stopped();
        }));
  }
}
