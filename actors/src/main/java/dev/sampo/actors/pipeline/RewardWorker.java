package dev.sampo.actors.pipeline;

import dev.sampo.actors.CrossesNodes;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.LeaseId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;

/**
 * Scores groups. The reward functions run elsewhere, on threads of their own; this actor only keeps
 * count, and refuses what is beyond its limit so that another worker is asked. A question that is
 * put again while it is being answered starts nothing: whoever asked last gets the answer, so that
 * rewards slower than the asker's patience are scored once.
 *
 * <p>Edge <i>Score</i>: answered when every reward function has answered, failed or timed out.
 */
public final class RewardWorker extends AbstractMatchingBehavior<RewardWorker.Command> {
  /** Where rollout workers find the reward workers. */
  public static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "reward");

  /** What a reward worker understands. */
  public sealed interface Command {}

  /** A group to score. */
  public record Score(CompletionGroup group, ActorRef<Answer> replyTo)
      implements Command, CrossesNodes {}

  /** The answer to {@link Score}. */
  public sealed interface Answer extends CrossesNodes {
    LeaseId lease();
  }

  /** One score per completion, in order. */
  public record Scored(LeaseId lease, List<CompletionScore> scores) implements Answer {
    public Scored {
      scores = List.copyOf(scores);
    }
  }

  /** Not scored here, for example because there is enough to do already. */
  public record Refused(LeaseId lease, String reason) implements Answer {}

  private record Finished(Answer answer) implements Command {}

  private final Function<CompletionGroup, CompletionStage<List<CompletionScore>>> rewards;
  private final BusyClock busy;
  private final int maxInFlight;
  private final Map<LeaseId, ActorRef<Answer>> inFlight = new HashMap<>();

  private RewardWorker(
      ActorContext<Command> context,
      Function<CompletionGroup, CompletionStage<List<CompletionScore>>> rewards,
      int maxInFlight,
      BusyClock busy) {
    super(context);
    this.rewards = rewards;
    this.maxInFlight = maxInFlight;
    this.busy = busy;
  }

  /**
   * A reward worker.
   *
   * @param rewards scores a group without blocking
   * @param maxInFlight groups scored at a time; more are refused
   * @param busy measures when groups are being scored
   */
  public static Behavior<Command> create(
      Function<CompletionGroup, CompletionStage<List<CompletionScore>>> rewards,
      int maxInFlight,
      BusyClock busy) {
    return Behaviors.setup(context -> new RewardWorker(context, rewards, maxInFlight, busy));
  }

  @Override
  public Behavior<Command> onMessage(Command message) {
    switch (message) {
      case Score score -> onScore(score);
      case Finished(Answer answer) -> {
        Objects.requireNonNull(inFlight.remove(answer.lease())).tell(answer);
        if (inFlight.isEmpty()) {
          busy.stop();
        }
      }
    }
    return this;
  }

  private void onScore(Score score) {
    LeaseId lease = score.group().lease();
    if (inFlight.replace(lease, score.replyTo()) != null) {
      return;
    }
    if (inFlight.size() == maxInFlight) {
      score.replyTo().tell(new Refused(lease, maxInFlight + " groups are being scored"));
      return;
    }
    if (inFlight.isEmpty()) {
      busy.start();
    }
    inFlight.put(lease, score.replyTo());
    getContext()
        .pipeToSelf(
            rewards.apply(score.group()),
            (scores, failure) ->
                new Finished(
                    scores != null
                        ? new Scored(lease, scores)
                        : new Refused(lease, String.valueOf(failure))));
  }
}
