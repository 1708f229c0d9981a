package dev.sampo.actors.pipeline;

import dev.sampo.actors.run.GroupDispatch;
import dev.sampo.protocol.StepCommitted;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/** What passes between the actors of the learner's node, for those that stand in between. */
public final class LearnerNodeMessages {
  private LearnerNodeMessages() {}

  /** The step that the recorder is to keep, if it is one. */
  public static Optional<StepCommitted> stepOf(Recorder.Command message) {
    return message instanceof Recorder.KeepStep keep ? Optional.of(keep.step()) : Optional.empty();
  }

  /** Tells whoever waits for the recorder that it has written. */
  public static void answerAtOnce(Recorder.Command message) {
    switch (message) {
      case Recorder.KeepGroup keep -> keep.replyTo().tell(new Recorder.Done());
      case Recorder.KeepStep keep -> keep.replyTo().tell(new Recorder.Done());
    }
  }

  /** Whether it takes accepted groups back. */
  public static boolean givesBack(RunCoordinator.Command message) {
    return message instanceof RunCoordinator.Returned
        || message instanceof RunCoordinator.StepSkipped;
  }

  /** The same question, whose answer is always to keep the group. */
  public static RunCoordinator.Command keptAnyway(
      RunCoordinator.Command message, ActorContext<?> context) {
    if (!(message instanceof RunCoordinator.Offered(var lease, long oldestStep, var replyTo))) {
      return message;
    }
    ActorRef<GroupDispatch.Verdict> generous =
        context.spawnAnonymous(
            Behaviors.receiveMessage(verdict -> {
              replyTo.tell(new GroupDispatch.Verdict.Keep());
              return Behaviors.stopped();
            }));
    return new RunCoordinator.Offered(lease, oldestStep, generous);
  }
}
