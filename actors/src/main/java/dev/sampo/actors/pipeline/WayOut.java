package dev.sampo.actors.pipeline;

import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.message.NodeMessage;
import dev.sampo.protocol.wire.WireCodec;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.pattern.Patterns;
import org.apache.pekko.stream.BoundedSourceQueue;
import org.apache.pekko.stream.KillSwitches;
import org.apache.pekko.stream.QueueOfferResult;
import org.apache.pekko.stream.UniqueKillSwitch;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;

/**
 * The way of finished groups out of a rollout worker, one stream under one kill switch:
 *
 * <pre>
 *   finished group -> size check -> reward (ask, again if refused or lost)
 *                  -> offer to the buffer (ask, again while it is busy) -> outcome to the worker
 * </pre>
 *
 * A group stays in the stream until the buffer has accepted or discarded it, or the worker does not
 * want it any more. Nothing overflows: the worker keeps at most as many groups outside its slots as
 * the queue in front holds.
 */
final class WayOut {

  /** How a group left. */
  sealed interface Outcome {
    LeaseId lease();

    /** The buffer has it or does not want it. */
    record Delivered(LeaseId lease) implements Outcome {}

    /** No message may be as large as this group. */
    record Oversize(LeaseId lease, long bytes, long limit) implements Outcome {}

    /** Its lease was cancelled on the way. */
    record Dropped(LeaseId lease) implements Outcome {}

    /** It cannot be handed on, however often it is tried. */
    record Failed(LeaseId lease, String reason) implements Outcome {}
  }

  /**
   * What the stream talks to.
   *
   * @param capacity most groups in the stream
   * @param rewards scores groups
   * @param buffers takes scored groups
   */
  record Setup(
      int capacity,
      WayOutSettings settings,
      Services<RewardWorker.Command> rewards,
      Services<ExperienceBuffer.Command> buffers) {}

  private final ActorSystem<?> system;
  private final Setup setup;
  private final Predicate<LeaseId> wanted;
  private final WaitingGroups waiting;
  private final BoundedSourceQueue<CompletionGroup> queue;
  private final UniqueKillSwitch killSwitch;

  /**
   * Starts the stream.
   *
   * @param wanted whether a lease still counts; asked from other threads
   * @param outcome told how every group left, from other threads
   */
  WayOut(ActorSystem<?> system, Setup setup, Predicate<LeaseId> wanted, Consumer<Outcome> outcome) {
    this.system = system;
    this.setup = setup;
    this.wanted = wanted;
    this.waiting = new WaitingGroups(setup.settings().quiet());
    var running =
        Source.<CompletionGroup>queue(setup.capacity())
            .viaMat(KillSwitches.single(), Keep.both())
            .mapAsyncUnordered(setup.capacity(), this::leave)
            .to(Sink.foreach(outcome::accept))
            .run(system);
    this.queue = running.first();
    this.killSwitch = running.second();
  }

  /** Puts a finished group on its way. */
  void send(CompletionGroup group) {
    QueueOfferResult result = queue.offer(group);
    if (!result.isEnqueued()) {
      throw new IllegalStateException("the way out holds its " + setup.capacity() + " groups");
    }
  }

  /** Ends the stream; groups in it are lost to this worker and will be leased again. */
  void shutdown() {
    killSwitch.shutdown();
  }

  /** Never fails: what happens to one group must not end the stream, which others are in. */
  private CompletionStage<Outcome> leave(CompletionGroup group) {
    return CompletableFuture.completedFuture(group)
        .thenCompose(this::handOn)
        .whenComplete((outcome, failure) -> waiting.goesOn(group.lease()))
        .exceptionally(failure -> {
          Throwable cause = Failures.rootOf(failure);
          return cause instanceof NotWantedException
              ? new Outcome.Dropped(group.lease())
              : new Outcome.Failed(group.lease(), String.valueOf(cause));
        });
  }

  private CompletionStage<Outcome> handOn(CompletionGroup group) {
    long limit = setup.settings().maxBytes();
    if (WireCodec.mostBytesOfScore(group) > limit) {
      long bytes = WireCodec.encode(new NodeMessage.Score(group, "")).length;
      if (bytes > limit) {
        return CompletableFuture.completedFuture(new Outcome.Oversize(group.lease(), bytes, limit));
      }
    }
    return score(group).thenCompose(this::offer);
  }

  private CompletionStage<ScoredGroup> score(CompletionGroup group) {
    CompletionStage<RewardWorker.Answer> asked =
        ask(
            setup.rewards(),
            "reward worker",
            replyTo -> new RewardWorker.Score(group, replyTo),
            setup.settings().rewardTimeout());
    return untilAnswered(
        group.lease(),
        asked,
        answer ->
            switch (answer) {
              case RewardWorker.Scored scored -> {
                waiting.goesOn(group.lease());
                yield CompletableFuture.completedFuture(new ScoredGroup(group, scored.scores()));
              }
              case RewardWorker.Refused(LeaseId lease, String reason) -> {
                waiting.waits(lease, "a reward worker refused: " + reason);
                yield again(lease, setup.settings().pause(), () -> score(group));
              }
            },
        () -> score(group));
  }

  private CompletionStage<Outcome> offer(ScoredGroup group) {
    LeaseId lease = group.group().lease();
    CompletionStage<ExperienceBuffer.Answer> asked =
        ask(
            setup.buffers(),
            "buffer",
            replyTo -> new ExperienceBuffer.Offer(group, replyTo),
            setup.settings().offerTimeout());
    return untilAnswered(
        lease,
        asked,
        answer ->
            switch (answer) {
              case ExperienceBuffer.Accepted _, ExperienceBuffer.Discarded _ ->
                  CompletableFuture.completedFuture(new Outcome.Delivered(lease));
              case ExperienceBuffer.Busy busy -> {
                waiting.waits(lease, "the buffer has no room, or waits for the learner");
                yield again(lease, busy.retryAfter(), () -> offer(group));
              }
            },
        () -> offer(group));
  }

  private <M, A> CompletionStage<A> ask(
      Services<M> services, String name, Function<ActorRef<A>, M> question, Duration timeout) {
    return services
        .next()
        .map(service -> Asking.ask(system, service, question, timeout))
        .orElseGet(
            () -> CompletableFuture.failedFuture(new TimeoutException("there is no " + name)));
  }

  /** Lost messages and nodes look the same: no answer in time, so the question is put again. */
  private <A, R> CompletionStage<R> untilAnswered(
      LeaseId lease,
      CompletionStage<A> asked,
      Function<A, CompletionStage<R>> onAnswer,
      Callable<CompletionStage<R>> repeat) {
    return asked
        .handle((answer, failure) -> {
          if (answer != null) {
            return onAnswer.apply(answer);
          }
          Throwable cause = Failures.rootOf(failure);
          if (cause instanceof TimeoutException) {
            waiting.waits(lease, Failures.messageOf(cause));
            return again(lease, setup.settings().pause(), repeat);
          }
          return CompletableFuture.<R>failedFuture(failure);
        })
        .thenCompose(Function.identity());
  }

  private <R> CompletionStage<R> again(
      LeaseId lease, Duration pause, Callable<CompletionStage<R>> repeat) {
    return Patterns.after(
        pause,
        system,
        () ->
            wanted.test(lease)
                ? repeat.call()
                : CompletableFuture.failedFuture(new NotWantedException()));
  }

  private static final class NotWantedException extends RuntimeException {}
}
