package dev.sampo.actors.pipeline;

import dev.sampo.actors.CrossesNodes;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.WeightDelta;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;

/**
 * Announces every version of the weights; the bytes are fetched over HTTP.
 *
 * <p>Edge <i>Snapshot</i>: a subscriber that has no weights or cannot follow the deltas asks;
 * answered when the learner has written all weights, between two of its micro-batches. Before the
 * learner has published anything, which may take long when it measures its model or has steps to
 * take again, the answer says so at once: the publisher lives on another thread.
 */
public final class WeightPublisher extends AbstractMatchingBehavior<WeightPublisher.Command> {
  /** Where subscribers find the publisher. */
  public static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "weights");

  private static final String NOT_READY =
      "the learner measures or opens its model, or takes committed steps again";
  private static final Duration PATIENCE_WITH_LEARNER = Duration.ofMinutes(5);

  /** What the publisher understands. */
  public sealed interface Command {}

  /** Files of a version are in place; tell everybody. */
  record Publish(Trainer.Written files) implements Command {}

  /** The learner that can write snapshots. */
  public record LearnerIs(ActorRef<Learner.Command> learner) implements Command {}

  /**
   * A subscriber needs all weights.
   *
   * @param held the version it has; empty when it has none
   */
  public record SnapshotWanted(
      ActorRef<News> subscriber, Optional<PolicyVersion> held, String reason)
      implements Command, CrossesNodes {}

  /** What a subscriber hears. */
  public sealed interface News extends CrossesNodes {}

  /**
   * A version exists.
   *
   * @param delta which files make it up
   * @param urls base URLs of nodes that serve them: {@code <url>/<file name>}
   */
  public record Announced(WeightDelta delta, List<String> urls) implements News {
    public Announced {
      urls = List.copyOf(urls);
    }
  }

  /** The learner has published nothing yet; it will be announced. */
  public record Later(String reason) implements News {}

  private record SnapshotWritten(ActorRef<News> subscriber, Trainer.Written files)
      implements Command {}

  private record SnapshotFailed(ActorRef<News> subscriber, String reason) implements Command {}

  private final ActorRef<WeightBoard.Command> board;
  private final String url;
  private Optional<ActorRef<Learner.Command>> learner = Optional.empty();
  private boolean hasPublished;

  private WeightPublisher(
      ActorContext<Command> context, ActorRef<WeightBoard.Command> board, String url) {
    super(context);
    this.board = board;
    this.url = url;
  }

  /**
   * A publisher.
   *
   * @param board where versions are announced
   * @param url where this node serves the weight files: {@code <url>/<folder>/<file name>}
   */
  public static Behavior<Command> create(ActorRef<WeightBoard.Command> board, String url) {
    return Behaviors.setup(context -> new WeightPublisher(context, board, url));
  }

  @Override
  public Behavior<Command> onMessage(Command message) {
    switch (message) {
      case LearnerIs is -> learner = Optional.of(is.learner());
      case Publish(Trainer.Written files) -> {
        hasPublished = true;
        board.tell(new WeightBoard.Announce(announcementOf(files)));
      }
      case SnapshotWanted wanted when !hasPublished ->
          wanted.subscriber().tell(new Later(NOT_READY));
      case SnapshotWanted wanted -> onSnapshotWanted(wanted);
      case SnapshotWritten(var subscriber, Trainer.Written files) ->
          subscriber.tell(announcementOf(files));
      case SnapshotFailed(var subscriber, String reason) ->
          getContext().getLog().warn("no snapshot for {}: {}", subscriber, reason);
    }
    return this;
  }

  private Announced announcementOf(Trainer.Written files) {
    return new Announced(files.delta(), List.of(url + "/" + files.folder().getFileName()));
  }

  private void onSnapshotWanted(SnapshotWanted wanted) {
    getContext().getLog().info("{} wants a snapshot: {}", wanted.subscriber(), wanted.reason());
    learner.ifPresent(present ->
        getContext()
            .pipeToSelf(
                Asking.ask(
                    getContext().getSystem(),
                    present,
                    (ActorRef<Trainer.Written> replyTo) -> new Learner.GetSnapshot(replyTo),
                    PATIENCE_WITH_LEARNER),
                (files, failure) ->
                    files != null
                        ? new SnapshotWritten(wanted.subscriber(), files)
                        : new SnapshotFailed(wanted.subscriber(), String.valueOf(failure))));
  }
}
